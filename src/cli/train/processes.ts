/** @file `minillm train --processes N`: N ranks on this machine, on CPUs started through its `mpirun`, on GPUs directly. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DeviceName } from '../../backends/device-names.ts';
import { resolveDevice } from '../../backends/devices.ts';
import { findLaunchedWorld } from '../../distributed/launched-world.ts';
import { PARENT_VARIABLE } from '../../distributed/launcher-watch.ts';
import { howToInstall } from '../../native/compiler.ts';
import { UserError } from '../../support/errors.ts';
import { processorCount } from '../../support/processors.ts';
import { SIGNAL_CODES } from '../terminal/signals.ts';

/** What the ranks are given. */
export interface ProcessOptions {
  /** The command line without `--processes`. */
  readonly args: readonly string[];
  readonly device: DeviceName;
  /** CPU threads that each rank is asked to start; default: an equal share of the cores. */
  readonly threads?: number | undefined;
}

/**
 * Runs this command line again as `count` ranks, each with cores of its own, or a GPU. The first signal to stop is passed on,
 * so that all ranks end after a checkpoint; a second one ends them at once. The exit code is that of the ranks.
 * @throws UserError when there are too few cores or GPUs, or no `mpirun`.
 */
export async function runProcesses(count: number, { args, device, threads }: ProcessOptions): Promise<void> {
  const launched = findLaunchedWorld(process.env);
  if (launched)
    throw new UserError(
      `--processes starts ranks, but this process is already one of ${launched.size} that ${launched.launcher} started; leave out one or the other`,
    );
  const command = [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...args];
  const resolved = await resolveDevice(device, { localRank: count - 1 });
  if (resolved.kind === 'wasm')
    throw new UserError(
      `--processes starts ranks, which WebAssembly cannot be; leave it out, since --threads uses all cores, or ${howToInstall(process.platform)} and train with --device cpu`,
    );
  if (resolved.kind === 'cuda') {
    // one GPU that is shown to a rank of a launcher may be its own; these ranks are shown the same
    if (resolved.ordinal < count - 1)
      throw new UserError(
        `--processes ${count} needs ${count} GPUs, found ${resolved.ordinal + 1} (CUDA_VISIBLE_DEVICES may hide others); give at most ${resolved.ordinal + 1}, or train on CPUs with --device cpu`,
      );
    return runOnGpus(count, command);
  }
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
  const child = start(['mpirun', '-n', `${count}`, ...binding, ...command], permissionOfRoot());
  const stop = passSignalsOn([child]);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = stop() ?? code ?? 1;
}

/** Starts each rank with the variables of torchrun, by which they find each other; when one fails, the others end. */
async function runOnGpus(count: number, command: readonly string[]): Promise<void> {
  const port = await freePort();
  const ranks = Array.from({ length: count }, (_, rank) =>
    start(command, {
      ...{ RANK: `${rank}`, LOCAL_RANK: `${rank}`, WORLD_SIZE: `${count}` },
      ...{ MASTER_ADDR: '127.0.0.1', MASTER_PORT: `${port}` },
    }),
  );
  const stop = passSignalsOn(ranks);
  let failure: number | undefined;
  await Promise.all(
    ranks.map(async (child, rank) => {
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (code === 0 || failure !== undefined) return;
      failure = code ?? 1;
      if (signal) console.error(`minillm: rank ${rank} was ended by ${signal}`);
      await sleep(LAST_WORDS_MILLISECONDS);
      for (const other of ranks) if (other.exitCode === null) other.kill('SIGKILL');
    }),
  );
  process.exitCode = stop() ?? failure ?? 0;
}

/** How long ranks have to say why they end, once one has failed. */
const LAST_WORDS_MILLISECONDS = 5000;

/** Starts ranks, or their launcher, in a process group of their own, which Ctrl-C does not reach. */
function start([name = '', ...args]: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  return spawn(name, args, {
    // input would be read by a process outside the terminal's group
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { ...process.env, ...environment, [PARENT_VARIABLE]: `${process.pid}` },
  });
}

/** A port of this machine that is free, as is the one after it, on which NCCL meets. */
async function freePort(): Promise<number> {
  for (;;) {
    const first = await listenOn(0);
    const port = (first.address() as AddressInfo).port;
    const second = await listenOn(port + 1).catch(() => undefined);
    for (const server of [first, second]) server?.close();
    if (second) return port;
  }
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
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

/**
 * Passes signals on to the ranks; the returned function stops that, and gives the exit code of the first. SIGUSR1 counts once:
 * batch systems may repeat it.
 */
function passSignalsOn(children: readonly ChildProcess[]): () => number | undefined {
  let first: number | undefined;
  const handlers = Object.entries(SIGNAL_CODES).map(([name, code]) => {
    const handler = (): void => {
      if (first !== undefined && name === 'SIGUSR1') return;
      // `mpirun` passes SIGUSR1 on and goes on itself; by others it ends the ranks
      for (const child of children) child.kill(first === undefined ? 'SIGUSR1' : 'SIGTERM');
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
