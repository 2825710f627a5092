/** @file `minillm train --processes N`: N ranks on this machine, started through its `mpirun`. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { findLaunchedWorld } from '../../distributed/launched-world.ts';
import { PARENT_VARIABLE } from '../../distributed/launcher-watch.ts';
import { UserError } from '../../support/errors.ts';
import { processorCount } from '../../support/processors.ts';
import { SIGNAL_CODES } from '../terminal/signals.ts';

/**
 * Runs this command line again as `count` ranks, each with cores of its own. The first signal to stop is passed
 * on, so that all ranks end after a checkpoint; a second one ends them at once. The exit code is that of the ranks.
 * @param args the command line without `--processes`
 * @param threads those that each rank is asked to start; default: an equal share of the cores
 * @throws UserError when there are too few cores, or no `mpirun`.
 */
export async function runProcesses(count: number, args: readonly string[], threads?: number): Promise<void> {
  const launched = findLaunchedWorld(process.env);
  if (launched)
    throw new UserError(
      `--processes starts ranks, but this process is already one of ${launched.size} that ${launched.launcher} started; leave out one or the other`,
    );
  const cores = processorCount();
  if (count > cores)
    throw new UserError(
      `--processes ${count} needs ${count} cores, this machine grants ${cores}; give at most ${cores}`,
    );
  const share = Math.floor(cores / count);
  if (threads !== undefined && threads > share)
    throw new UserError(
      `--processes ${count} with --threads ${threads} needs ${count * threads} cores, this machine grants ${cores}; give at most --threads ${share}`,
    );
  const binding = await bindingFlags(threads ?? share);
  const node = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const child = spawn('mpirun', ['-n', `${count}`, ...binding, ...node, ...args], {
    // input would be read by a process outside the terminal's group
    stdio: ['ignore', 'inherit', 'inherit'],
    // in a process group of its own, which Ctrl-C does not reach
    detached: true,
    env: { ...process.env, ...permissionOfRoot(), [PARENT_VARIABLE]: `${process.pid}` },
  });
  const stop = passSignalsOn(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = stop() ?? code ?? 1;
}

/** Binds each rank to processors of its own, as the system counts them, in the words of this `mpirun`; macOS binds nothing. */
async function bindingFlags(threads: number): Promise<string[]> {
  let version: string;
  try {
    version = (await promisify(execFile)('mpirun', ['--version'])).stdout;
  } catch {
    throw new UserError(
      '--processes needs `mpirun`, and it was not found; install an MPI (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi-dev; Fedora: dnf install openmpi-devel; macOS: brew install open-mpi)',
    );
  }
  if (process.platform === 'darwin') return [];
  return /open ?mpi|open-mpi/i.test(version)
    ? ['--use-hwthread-cpus', '--map-by', `slot:PE=${threads}`, '--bind-to', 'hwthread']
    : ['-bind-to', `hwthread:${threads}`];
}

/** Open MPI asks root, the user of many a container, for it twice. */
function permissionOfRoot(): Record<string, string> {
  if (process.getuid?.() !== 0) return {};
  return { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
}

/** Passes signals on to the ranks; the returned function stops that, and gives the exit code of the first. */
function passSignalsOn(child: ChildProcess): () => number | undefined {
  let first: number | undefined;
  const handlers = Object.entries(SIGNAL_CODES).map(([name, code]) => {
    const handler = (): void => {
      // `mpirun` passes SIGUSR1 on and goes on itself; by others it ends the ranks
      child.kill(first === undefined ? 'SIGUSR1' : 'SIGTERM');
      first ??= code;
    };
    process.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers) process.off(name, handler);
    return first;
  };
}
