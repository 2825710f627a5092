/** @file Short stretches of work on a thread that also answers others: between two of them its event loop turns. */

import { setImmediate } from 'node:timers/promises';

/** How long stretches may take together before others are answered. */
const SLICE_MILLISECONDS = 10;

let last: Promise<unknown> = Promise.resolve();
let spent = 0;

/** Does the work once all that was handed in before it is done; what waits on the event loop is looked at in between. */
export function inTurn<Result>(work: () => Result): Promise<Result> {
  const result = last.then(async () => {
    if (spent >= SLICE_MILLISECONDS) {
      await setImmediate();
      spent = 0;
    }
    const start = performance.now();
    try {
      return work();
    } finally {
      spent += performance.now() - start;
    }
  });
  last = result.catch(() => undefined);
  return result;
}
