/** @file The next turn of a worker's event loop. */

/** Resolves once the messages that have come were received. A timer would take up to four milliseconds in a browser. */
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
