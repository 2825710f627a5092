/** @file Programs started as ranks by the MPIs that are installed. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';

export interface Mpi {
  readonly name: string;
  readonly mpirun: string;
  readonly mpicc: string;
  /** Flags for more ranks than cores. */
  readonly flags: readonly string[];
}

function answers(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Those of Debian's names, so that both may be installed. */
export const installedMpis: readonly Mpi[] = [
  { name: 'Open MPI', mpirun: 'mpirun.openmpi', mpicc: 'mpicc.openmpi', flags: ['--oversubscribe'] },
  { name: 'MPICH', mpirun: 'mpirun.mpich', mpicc: 'mpicc.mpich', flags: [] },
].filter(({ mpirun, mpicc }) => answers(mpirun) && answers(mpicc));

export interface Ranks {
  readonly process: ChildProcess;
  /** What the ranks have printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** Resolves with the exit code of `mpirun` when all ranks are gone. */
  readonly ended: Promise<number | null>;
}

/** Starts Node with these arguments as `size` ranks, ended with the test at the latest. */
export function startRanks(
  { mpirun, flags }: Mpi,
  size: number,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Ranks {
  const child = spawn(mpirun, [...flags, '-n', `${size}`, process.execPath, ...args], {
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes) => {
    output.stdout += String(bytes);
  });
  child.stderr.on('data', (bytes) => {
    output.stderr += String(bytes);
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { process: child, output, ended: once(child, 'close').then(([code]) => code as number | null) };
}

/** The process ids of ranks whose environment holds `mark`, by rank. */
export function findRanks(mark: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      const rank = variables.find((each) => /^(OMPI_COMM_WORLD_RANK|PMI_RANK)=/.test(each))?.split('=')[1];
      if (rank !== undefined && variables.includes(mark)) found.set(Number(rank), Number(name));
    } catch {
      // it has ended, or is somebody else's
    }
  }
  return found;
}
