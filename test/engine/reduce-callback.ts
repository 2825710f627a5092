/** @file A communicator whose native function is JavaScript: what a program signals while it runs can be watched. */

import koffi from 'koffi';
import { onTestFinished } from 'vitest';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';

/** A bucket that has been signalled as complete: where its gradients lie, and how many. */
export interface Signal {
  readonly context: number;
  readonly bucket: number;
  readonly address: number;
  readonly count: number;
}

const reduce = koffi.proto('void (int64_t context, int64_t bucket, int64_t data, int64_t count)');

/** A communicator that calls `listener` from the middle of a run; the kernel waits until it returns. */
export function watchedCommunicator(context: number, listener: (signal: Signal) => void): Communicator {
  const callback = koffi.register(
    (given: number, bucket: number, address: number, count: number) =>
      listener({ context: given, bucket, address, count }),
    koffi.pointer(reduce),
  );
  onTestFinished(() => koffi.unregister(callback));
  return { rank: 0, size: 2, reduce: { function: Number(callback), context } };
}
