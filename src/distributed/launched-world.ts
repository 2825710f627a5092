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
  /** From 0, among the ranks of this machine; undefined where the launcher does not say. */
  readonly localRank?: number;
  /** Whether the launcher brings MPI along, over which its ranks can meet. */
  readonly hasMpi: boolean;
  /** The machine of rank 0, by name or address, and a port there that the launcher has chosen. */
  readonly masterAddress?: string;
  readonly masterPort?: number;
}

interface Launcher {
  readonly name: string;
  readonly rank: string;
  readonly size: string;
  /** The variable with the rank on this machine; undefined where a machine or pod has one rank. */
  readonly localRank?: string;
  readonly hasMpi: boolean;
}

/** In the order in which they are looked for: `mpirun` inside a Slurm allocation sets both. */
const LAUNCHERS: readonly Launcher[] = [
  { name: 'torchrun', rank: 'RANK', size: 'WORLD_SIZE', localRank: 'LOCAL_RANK', hasMpi: false },
  {
    name: 'Open MPI',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    localRank: 'OMPI_COMM_WORLD_LOCAL_RANK',
    hasMpi: true,
  },
  { name: 'MPICH', rank: 'PMI_RANK', size: 'PMI_SIZE', localRank: 'MPI_LOCALRANKID', hasMpi: true },
  { name: 'Slurm', rank: 'SLURM_PROCID', size: 'SLURM_NTASKS', localRank: 'SLURM_LOCALID', hasMpi: true },
  { name: 'Kubernetes', rank: 'JOB_COMPLETION_INDEX', size: 'JOB_COMPLETIONS', hasMpi: false },
  { name: 'SkyPilot', rank: 'SKYPILOT_NODE_RANK', size: 'SKYPILOT_NUM_NODES', hasMpi: false },
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The world this process was started in; undefined when it is alone. A world of one counts as alone.
 * @throws UserError when the launcher's variables make no sense, naming them.
 */
export function findLaunchedWorld(environment: Environment): LaunchedWorld | undefined {
  const { JOB_COMPLETION_INDEX: index = '0', JOB_COMPLETIONS: completions } = environment;
  if (index !== '0' && completions === undefined)
    throw new UserError(
      `expected JOB_COMPLETIONS, the number of pods, beside JOB_COMPLETION_INDEX=${index}, found none; set it in the manifest (Kubernetes itself sets only the index)`,
    );
  for (const { name, rank, size, localRank, hasMpi } of LAUNCHERS) {
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
    // a world of one may stand in the environment of an image; another launcher may have started more
    if (world.size === 1) continue;
    return { ...world, ...findLocalRank(environment, name, localRank), ...findMaster(environment) };
  }
  return undefined;
}

function findLocalRank(environment: Environment, launcher: string, name: string | undefined): Partial<LaunchedWorld> {
  if (name === undefined) return { localRank: 0 };
  const text = environment[name];
  return text === undefined ? {} : { localRank: wholeNumber(launcher, name, text) };
}

/** Where PyTorch's launchers, and by habit everyone's batch scripts, say that rank 0 is. */
function findMaster(environment: Environment): Partial<LaunchedWorld> {
  const { MASTER_ADDR, MASTER_PORT, SKYPILOT_NODE_IPS } = environment;
  const masterAddress = (MASTER_ADDR ?? SKYPILOT_NODE_IPS?.split('\n')[0])?.trim();
  return {
    ...(masterAddress ? { masterAddress } : {}),
    ...(MASTER_PORT ? { masterPort: wholeNumber('the launcher', 'MASTER_PORT', MASTER_PORT) } : {}),
  };
}

function wholeNumber(launcher: string, name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new UserError(`expected ${name} to be a whole number, as ${launcher} sets it, found ${name}=${text}`);
}
