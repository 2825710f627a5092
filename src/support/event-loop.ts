/** @file Short stretches of work on a thread that also has to answer others: its event loop runs between them. */

/** How long stretches may take together before the event loop runs. */
const SLICE_MILLISECONDS = 10;

let last: Promise<unknown> = Promise.resolve();
let spent = 0;

/** Does the work after all that was handed in earlier; the event loop runs in between. */
export function inTurn<Result>(work: () => Result): Promise<Result> {
  const result = last.then(async () => {
    if (spent >= SLICE_MILLISECONDS) {
      await nextTurn();
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

/** Resolves once the event loop has run, and messages that have come were received. (A timer of 0 ms takes up to four in a browser.) */
export function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const receiver: { onmessage?: unknown; close(): void } = port1;
  return new Promise((resolve) => {
    receiver.onmessage = () => {
      receiver.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
