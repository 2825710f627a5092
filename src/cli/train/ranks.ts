/** @file `minillm train` as one of several ranks: which there are, who speaks, how an error ends them all. */

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRankGpu } from '../../backends/cuda/rank-gpu.ts';
import type { DeviceName } from '../../backends/device-names.ts';
import { resolveDevice } from '../../backends/devices.ts';
import { findLaunchedWorld } from '../../distributed/launched-world.ts';
import { watchLauncher } from '../../distributed/launcher-watch.ts';
import { openWorld } from '../../distributed/open.ts';
import type { RankCommunicator } from '../../distributed/rank-communicator.ts';
import { type Communicator, isWriter, singleProcess } from '../../engine/runtime/communicator.ts';
import { howToInstall } from '../../native/compiler.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { threadsPerProcess } from '../../support/processors.ts';
import { SharedError } from '../../train/agreement.ts';

/** How long rank 0 has to report an error that all ranks meet at the same time, before the others report it too. */
const WRITER_MILLISECONDS = 1000;

export interface Rank {
  readonly communicator: Communicator;
  /** CPU threads it should start. */
  readonly threads: number;
}

export interface RankOptions {
  /** How long a rank may be silent before it counts as lost. */
  readonly timeoutSeconds: number;
  /** What ranks train on. */
  readonly device: DeviceName;
}

/**
 * Does the work as one of the ranks that a launcher has started, or alone. An error that this rank meets alone ends all of
 * them; each error is printed once, with the rank that met it.
 */
export async function asRank(options: RankOptions, work: (rank: Rank) => Promise<void>): Promise<void> {
  const world = await join(options);
  if (!world) return work({ communicator: singleProcess, threads: threadsPerProcess(1) });
  const launcher = watchLauncher(
    () =>
      void end(
        world,
        new UserError(
          'the launcher that started the ranks has ended; the same command resumes from the newest checkpoint',
        ),
      ),
  );
  try {
    await work({ communicator: world, threads: threadsPerProcess(world.localSize) });
  } catch (cause) {
    if (!(cause instanceof SharedError)) await end(world, cause);
    // the first error is the one to report
    await world.close().catch(() => {});
    if (isWriter(world)) throw cause;
    process.exitCode = 1;
    return;
  } finally {
    launcher.close();
  }
  await world.close();
}

/** Joins the world; an error that all ranks meet there is rank 0's to report. */
async function join({ timeoutSeconds, device }: RankOptions): Promise<RankCommunicator | undefined> {
  const launched = findLaunchedWorld(process.env);
  try {
    if (!launched) return undefined;
    const resolved = await resolveDevice(device, { localRank: launched.localRank });
    if (resolved.kind === 'wasm')
      throw new UserError(
        `expected ranks on CPUs or GPUs, found ${launched.size} that ${launched.launcher} started and WebAssembly, which cannot be a rank; start one process, or ${howToInstall(process.platform)} and give --device cpu`,
      );
    if (resolved.kind === 'cpu') return await openWorld({ timeoutSeconds });
    const openGpu = async (localRank: number) => {
      const gpu = await resolveDevice(device, { localRank });
      return openRankGpu(gpu.kind === 'cuda' ? gpu.ordinal : resolved.ordinal);
    };
    return await openWorld({ timeoutSeconds, openGpu });
  } catch (cause) {
    const { rank = 0 } = launched ?? {};
    if (rank === 0 || !(cause instanceof UserError)) throw cause;
    await sleep(WRITER_MILLISECONDS);
    throw new UserError(`rank ${rank} on ${hostname()}: ${cause.message}`);
  }
}

async function end(world: RankCommunicator, cause: unknown): Promise<never> {
  if (!isWriter(world)) await sleep(WRITER_MILLISECONDS);
  const hint = cause instanceof UserError ? '' : `\n${cause instanceof Error ? cause.stack : ''}`;
  console.error(`minillm: rank ${world.rank} on ${world.host(world.rank)}: ${messageOf(cause)}${hint}`);
  return world.abort();
}
