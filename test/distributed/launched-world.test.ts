import { describe, expect, test } from 'vitest';
import { findLaunchedWorld } from '#minillm/distributed/launched-world.js';

describe('the world a launcher has started', () => {
  test.each([
    ['torchrun', { RANK: '3', WORLD_SIZE: '8', LOCAL_RANK: '1' }, 3, 8, 1, false],
    [
      'Open MPI',
      { OMPI_COMM_WORLD_RANK: '2', OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_RANK: '0' },
      ...([2, 4, 0, true] as const),
    ],
    ['MPICH', { PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALRANKID: '1' }, 1, 2, 1, true],
    ['MPICH', { PMI_RANK: '1', PMI_SIZE: '2' }, 1, 2, undefined, true],
    ['Slurm', { SLURM_PROCID: '5', SLURM_NTASKS: '6', SLURM_STEP_ID: '0', SLURM_LOCALID: '2' }, 5, 6, 2, true],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '1', JOB_COMPLETIONS: '4' }, 1, 4, 0, false],
    ['SkyPilot', { SKYPILOT_NODE_RANK: '1', SKYPILOT_NUM_NODES: '2' }, 1, 2, 0, false],
  ])('of %s', (launcher, environment, rank, size, localRank, hasMpi) => {
    const world = { launcher, rank, size, hasMpi, ...(localRank === undefined ? {} : { localRank }) };
    expect(findLaunchedWorld(environment as Record<string, string>)).toStrictEqual(world);
  });

  test.each([
    ['torchrun', { MASTER_ADDR: 'node-0', MASTER_PORT: '29500' }, { masterAddress: 'node-0', masterPort: 29500 }],
    ['SkyPilot', { SKYPILOT_NODE_IPS: '10.0.0.1\n10.0.0.2' }, { masterAddress: '10.0.0.1' }],
  ])('has the machine of rank 0 where %s names it', (_, environment, master) => {
    const ranks = { RANK: '1', WORLD_SIZE: '2' };
    expect(findLaunchedWorld({ ...ranks, ...environment } as Record<string, string>)).toMatchObject(master);
  });

  test('is that of mpirun inside a Slurm allocation', () => {
    const environment = { SLURM_PROCID: '0', SLURM_NTASKS: '1', SLURM_STEP_ID: '0', PMI_RANK: '2', PMI_SIZE: '4' };
    expect(findLaunchedWorld(environment)).toMatchObject({ launcher: 'MPICH', rank: 2, size: 4 });
  });

  test.each([
    ['without a launcher', {}],
    ['in a world of one', { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' }],
    ['in a batch script, outside srun', { SLURM_PROCID: '0', SLURM_NTASKS: '8' }],
  ])('is none %s', (_, environment) => {
    expect(findLaunchedWorld(environment as Record<string, string>)).toBeUndefined();
  });

  test.each([
    ['a rank beyond the size', { RANK: '8', WORLD_SIZE: '8' }],
    ['no number', { RANK: 'one', WORLD_SIZE: '8' }],
  ])('with %s is refused by name', (_, environment) => {
    expect(() => findLaunchedWorld(environment)).toThrow(/RANK below WORLD_SIZE, as torchrun sets them, found RANK=/);
  });

  test('of a Kubernetes job that does not say how many pods it has is refused', () => {
    expect(() => findLaunchedWorld({ JOB_COMPLETION_INDEX: '2' })).toThrow(
      /expected JOB_COMPLETIONS, the number of pods, beside JOB_COMPLETION_INDEX=2, found none; set it in the manifest/,
    );
    expect(findLaunchedWorld({ JOB_COMPLETION_INDEX: '0' }), 'a job of one pod').toBeUndefined();
  });

  test.each([
    ['LOCAL_RANK', 'as torchrun sets it, found LOCAL_RANK=first'],
    ['MASTER_PORT', 'as the launcher sets it, found MASTER_PORT=first'],
  ])('with a %s that is no number is refused by name', (name, found) => {
    expect(() => findLaunchedWorld({ RANK: '1', WORLD_SIZE: '8', [name]: 'first' })).toThrow(found);
  });
});
