/** @file A communicator whose native functions are JavaScript: what a program asks of it while it runs can be watched. */

import koffi from 'koffi';
import { onTestFinished } from 'vitest';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';

/** A sum that a program begins: what the communicator is given first, where the values lie, how many, of which type. */
export interface BegunSum {
  readonly context: number;
  readonly address: number;
  readonly count: number;
  readonly type: number;
}

export interface Watcher {
  readonly context?: number;
  /** Called in the middle of a run, which waits until it returns: 0, or another number if it failed; nothing is 0. */
  readonly beginSum?: (sum: BegunSum) => number | undefined;
  readonly waitForSums?: (context: number) => number | undefined;
}

/** What a run rejects with when a watcher's function fails. */
export const FAILURE = new Error('rank 1 has gone');

const beginSumType = koffi.pointer(
  koffi.proto('int32_t (int64_t context, int64_t data, int64_t count, int32_t type, void *stream)'),
);
const waitForSumsType = koffi.pointer(koffi.proto('int32_t (int64_t context, void *stream)'));

/** A communicator of two ranks, of which this is the first. */
export function watchedCommunicator({ context = 0, beginSum, waitForSums }: Watcher): Communicator {
  const begin = koffi.register(
    (given: number, address: number, count: number, type: number): number =>
      beginSum?.({ context: given, address, count, type }) ?? 0,
    beginSumType,
  );
  const wait = koffi.register((given: number): number => waitForSums?.(given) ?? 0, waitForSumsType);
  onTestFinished(() => {
    koffi.unregister(begin);
    koffi.unregister(wait);
  });
  return {
    rank: 0,
    size: 2,
    native: { context, beginSum: Number(begin), waitForSums: Number(wait) },
    sum: () => Promise.resolve(),
    failure: () => FAILURE,
  };
}

/** The values of a sum where they lie, for a device whose memory is the host's. */
export function valuesOf({ address, count }: Pick<BegunSum, 'address' | 'count'>): Float32Array {
  return new Float32Array(koffi.view(BigInt(address), 4 * count));
}
