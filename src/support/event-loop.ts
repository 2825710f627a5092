/** @file Short stretches of work on a thread that also has to answer others: its event loop runs between them. */

import { setImmediate } from 'node:timers/promises';

/** How long stretches may take together before the event loop runs. */
const SLICE_MILLISECONDS = 10;

let last: Promise<unknown> = Promise.resolve();
let spent = 0;

/** Does the work after all that was handed in earlier; the event loop runs in between. */
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
