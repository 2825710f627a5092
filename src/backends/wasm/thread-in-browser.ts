/** @file A thread of the team as a worker of a browser. */

import { type RunArguments, type ThreadStart, thread } from './thread.ts';

/** What of a worker's own scope is used here. */
const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: ThreadStart | RunArguments }) => void;
  postMessage(message: unknown): void;
};

const take = thread((answer) => scope.postMessage(answer));
scope.onmessage = ({ data }) => void take(data);
