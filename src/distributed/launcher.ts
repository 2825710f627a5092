/**
 * @file The ranks a launcher has started, found in the environment: torchrun, Open MPI, MPICH and its relatives, Slurm,
 * Kubernetes indexed jobs, SkyPilot.
 */

import { UserError } from '../support/errors.ts';

export interface LaunchedWorld {
  /** Who started the ranks, by the name people know. */
  readonly launcher: string;
  readonly rank: number;
  readonly size: number;
  /** Whether the launcher brings MPI along, over which its ranks can meet. */
  readonly hasMpi: boolean;
}

interface Launcher {
  readonly name: string;
  readonly rank: string;
  readonly size: string;
  readonly hasMpi: boolean;
}

/** In the order in which they are looked for: `mpirun` inside a Slurm allocation sets both. */
const LAUNCHERS: readonly Launcher[] = [
  { name: 'torchrun', rank: 'RANK', size: 'WORLD_SIZE', hasMpi: false },
  { name: 'Open MPI', rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE', hasMpi: true },
  { name: 'MPICH', rank: 'PMI_RANK', size: 'PMI_SIZE', hasMpi: true },
  { name: 'Slurm', rank: 'SLURM_PROCID', size: 'SLURM_NTASKS', hasMpi: true },
  { name: 'Kubernetes', rank: 'JOB_COMPLETION_INDEX', size: 'JOB_COMPLETIONS', hasMpi: false },
  { name: 'SkyPilot', rank: 'SKYPILOT_NODE_RANK', size: 'SKYPILOT_NUM_NODES', hasMpi: false },
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The world this process was started in; undefined when it is alone. A world of one counts as alone.
 * @throws UserError when the launcher's variables make no sense, naming them.
 */
export function findLaunchedWorld(environment: Environment): LaunchedWorld | undefined {
  for (const { name, rank, size, hasMpi } of LAUNCHERS) {
    if (environment[rank] === undefined || environment[size] === undefined) continue;
    // a batch script runs outside `srun`, once, and has Slurm's variables all the same
    if (name === 'Slurm' && environment.SLURM_STEP_ID === undefined) continue;
    const world = { launcher: name, rank: Number(environment[rank]), size: Number(environment[size]), hasMpi };
    if (
      !Number.isSafeInteger(world.rank) ||
      !Number.isSafeInteger(world.size) ||
      world.rank < 0 ||
      world.rank >= world.size
    )
      throw new UserError(
        `expected ${rank} below ${size}, as ${name} sets them, found ${rank}=${environment[rank]} and ${size}=${environment[size]}; unset both to train alone`,
      );
    return world.size === 1 ? undefined : world;
  }
  return undefined;
}
