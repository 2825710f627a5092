import { describe, expect, test } from 'vitest';
import { findLaunchedWorld } from '#minillm/distributed/launcher.js';

describe('the world a launcher has started', () => {
  test.each([
    ['torchrun', { RANK: '3', WORLD_SIZE: '8', LOCAL_RANK: '3' }, 3, 8, false],
    ['Open MPI', { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '2' }, 0, 2, true],
    ['MPICH', { PMI_RANK: '1', PMI_SIZE: '2' }, 1, 2, true],
    ['Slurm', { SLURM_PROCID: '5', SLURM_NTASKS: '6', SLURM_STEP_ID: '0' }, 5, 6, true],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '1', JOB_COMPLETIONS: '4' }, 1, 4, false],
    ['SkyPilot', { SKYPILOT_NODE_RANK: '1', SKYPILOT_NUM_NODES: '2' }, 1, 2, false],
  ])('of %s', (launcher, environment, rank, size, hasMpi) => {
    expect(findLaunchedWorld(environment as Record<string, string>)).toEqual({ launcher, rank, size, hasMpi });
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
});
