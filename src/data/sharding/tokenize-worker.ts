/** @file The thread that tokenises: the work of a unit comes in, its tokens go out, in the same order. */

import { parentPort } from 'node:worker_threads';
import type { UnitWork } from './corpus.ts';
import { tokenizeWork } from './document-tokens.ts';

/** Sent once, when the tokenizer is loaded. */
export const READY = 'ready';
parentPort?.postMessage(READY);

/** Answers in the order of the messages, although reading is asynchronous. */
let previous: Promise<void> = Promise.resolve();
parentPort?.on('message', (work: UnitWork) => {
  previous = previous.then(async () => {
    const tokenized = await tokenizeWork(work);
    parentPort?.postMessage(tokenized, [tokenized.tokens.buffer]);
  });
});
