/** @file Ranks on GPUs, which reach each other over NCCL. */

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend } from '../../engine/runtime/backend.ts';
import { UserError } from '../../support/errors.ts';
import { type RankCommunicator, shareTexts } from '../rank-communicator.ts';
import type { Meeting } from './meeting.ts';
import { loadNccl, type NcclWorld } from './nccl.ts';
import { findNccl } from './nccl-library.ts';

/** The GPU of a rank. */
export interface NcclDevice {
  /** The driver's library, by path or by the name the loader knows: `libcuda.so.1`. */
  readonly driver: string;
  /** The CUDA context, current on the thread of JavaScript. */
  readonly context: number;
  /** The stream in whose order `memory` copies. */
  readonly stream: number;
  readonly memory: Pick<Backend, 'allocate' | 'free' | 'write' | 'read'>;
}

export interface NcclOptions {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly meeting: Meeting;
  /** How long a rank may be silent before it counts as lost. */
  readonly timeoutSeconds: number;
}

/** How many times the timeout others may keep a rank waiting: NCCL does not know a slow rank from a lost one. */
const MAX_DELAY = 10;
const JOIN_MILLISECONDS = 10;
/** How often the native side is asked whether the world has failed. */
const WATCH_MILLISECONDS = 250;
/** How long NCCL has to end its kernels before the process ends. */
const ABORT_MILLISECONDS = 1000;
/** The largest piece of the host's bytes that goes through the device at once. */
const PIECE_BYTES = 2 ** 24;

/**
 * Joins the other ranks, each on a GPU of its own.
 * @throws UserError when NCCL is missing, or the ranks do not come together.
 */
export async function openNccl(device: NcclDevice, options: NcclOptions): Promise<RankCommunicator> {
  const { rank, size, localRank } = options;
  const world = await join(device, options);

  const failed = new AbortController();
  const watch = setInterval(() => {
    if (world.state() !== 'failed') return;
    clearInterval(watch);
    failed.abort();
  }, WATCH_MILLISECONDS);
  watch.unref();

  const { stream } = device;
  const communicate = throughDevice(device, world, failed.signal);
  const sum = (values: Float64Array): Promise<void> =>
    communicate(values, (address) => world.begin('allReduce', address, values.length, 'float64', stream));
  const gather = (bytes: Uint8Array): Promise<void> =>
    communicate(bytes, (address) => world.begin('allGather', address, bytes.length, 'byte', stream));
  const share = (own: string): Promise<string[]> => shareTexts(own, rank, size, sum, gather);

  const hosts = await share(hostname());
  return {
    rank,
    size,
    localRank,
    localSize: hosts.filter((each) => each === hosts[rank]).length,
    native: world.native,
    failed: failed.signal,
    sum,
    async broadcast(bytes, root) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, index) => {
        const piece = bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES);
        return communicate(piece, (address) => world.beginBroadcast(address, piece.length, root, stream));
      });
      await Promise.all(pieces);
    },
    share,
    failure: world.failure,
    host: (each) => hosts[each] ?? '',
    async close() {
      await world.close();
      clearInterval(watch);
    },
    async abort() {
      world.abort();
      await sleep(ABORT_MILLISECONDS);
      return process.exit(1);
    },
  };
}

async function join({ driver, context }: NcclDevice, options: NcclOptions): Promise<NcclWorld> {
  const { rank, size, meeting, timeoutSeconds } = options;
  const { path } = await findNccl();
  const nccl = await loadNccl(path, driver);
  const limitSeconds = MAX_DELAY * timeoutSeconds;
  const world = nccl.join(context, await meeting(nccl.makeId), rank, size, limitSeconds);
  const deadline = performance.now() + 1000 * limitSeconds;
  for (let state = world.state(); state !== 'joined'; state = world.state()) {
    if (state === 'failed') throw world.failure();
    if (performance.now() > deadline)
      throw new UserError(
        `rank ${rank}: expected ${size} ranks to come together, but not all have come within ${limitSeconds} s; look at what the others print, and whether they reach rank 0's machine over the network`,
      );
    await sleep(JOIN_MILLISECONDS);
  }
  return world;
}

/**
 * Makes collectives of host memory: copies it to the device, begins the collective at the address there, and copies the
 * result back; one after the other, so that all ranks begin them in the same order.
 */
function throughDevice({ memory, stream }: NcclDevice, world: NcclWorld, failed: AbortSignal) {
  const lost = new Promise<never>((_, reject) => {
    failed.addEventListener('abort', () => reject(world.failure()), { once: true });
  });
  lost.catch(() => {}); // those who wait for a collective hear of it
  const communicate = async (values: ArrayBufferView, begin: (address: number) => void): Promise<void> => {
    const buffer = memory.allocate(values.byteLength, 'undefined');
    try {
      await memory.write(buffer, 0, values);
      begin(buffer.address);
      world.wait(stream);
      await memory.read(buffer, 0, values);
    } finally {
      memory.free(buffer);
    }
    if (world.state() === 'failed') throw world.failure();
  };
  let last: Promise<void> = Promise.resolve();
  return (values: ArrayBufferView, begin: (address: number) => void): Promise<void> => {
    if (values.byteLength === 0) return Promise.resolve();
    const work = last.then(() => communicate(values, begin));
    last = work.catch(() => {});
    return Promise.race([work, lost]);
  };
}
