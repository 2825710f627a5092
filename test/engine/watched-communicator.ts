/** @file A communicator whose native functions are JavaScript: what a program asks of it while it runs can be watched. */

import koffi from 'koffi';
import { onTestFinished } from 'vitest';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';

/** A collective that a program begins: what the communicator is given first, where the values lie, how many, of which type. */
export interface Begun {
  readonly context: number;
  /** Of `COLLECTIVES`. */
  readonly collective: number;
  readonly address: number;
  readonly count: number;
  readonly type: number;
}

export interface Watcher {
  readonly context?: number;
  /** Called in the middle of a run, which waits until it returns: 0, or another number if it failed; nothing is 0. */
  readonly begin?: (sum: Begun) => number | undefined;
  readonly wait?: (context: number) => number | undefined;
}

/** What a run rejects with when a watcher's function fails. */
export const FAILURE = new Error('rank 1 has gone');

const beginType = koffi.pointer(
  koffi.proto('int32_t (int64_t context, int32_t collective, int64_t data, int64_t count, int32_t type, void *stream)'),
);
const waitType = koffi.pointer(koffi.proto('int32_t (int64_t context, void *stream)'));

/** A communicator of two ranks, of which this is the first. */
export function watchedCommunicator({ context = 0, begin, wait }: Watcher): Communicator {
  const beginning = koffi.register(
    (given: number, collective: number, address: number, count: number, type: number): number =>
      begin?.({ context: given, collective, address, count, type }) ?? 0,
    beginType,
  );
  const waiting = koffi.register((given: number): number => wait?.(given) ?? 0, waitType);
  onTestFinished(() => {
    koffi.unregister(beginning);
    koffi.unregister(waiting);
  });
  return {
    rank: 0,
    size: 2,
    localRank: 0,
    native: { context, begin: Number(beginning), wait: Number(waiting) },
    failed: undefined,
    sum: () => Promise.resolve(),
    broadcast: () => Promise.resolve(),
    share: (text) => Promise.resolve([text, text]),
    failure: () => FAILURE,
  };
}

/** The values of a sum where they lie, for a device whose memory is the host's. */
export function valuesOf({ address, count }: Pick<Begun, 'address' | 'count'>): Float32Array {
  return new Float32Array(koffi.view(BigInt(address), 4 * count));
}
