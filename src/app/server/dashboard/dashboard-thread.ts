/**
 * @file The dashboard of a run in training, in a thread of its own: it reads the run folder as another process would, stays
 * out of the trainer's event loop, and if it fails, training continues.
 */

import { Worker } from 'node:worker_threads';
import { UserError } from '../../../support/errors.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import type { Address } from '../listen.ts';
import { MAX_THREAD_MEBIBYTES } from './limits.ts';

/** What the thread is started with. */
export interface ThreadOptions {
  readonly folder: string;
  readonly address: Address;
}

/** The only message of the thread: where it serves, or why it cannot. */
export type ThreadMessage = { readonly url: string } | { readonly refusal: string };

/** Objects live either for one event or as long as the run, so more room for short-lived ones would be wasted. */
const YOUNG_MEBIBYTES = 8;

export interface DashboardThread {
  readonly url: string;
  /** Gives pages the facts and settings of the run. */
  describe(information: RunInformation): void;
  close(): Promise<void>;
}

/**
 * Serves the dashboard of the run in `folder`.
 * @param onFailure is called when the thread ends with an error after it has begun to serve
 * @throws UserError when it is not possible to listen on the address
 */
export async function startDashboard(
  options: ThreadOptions,
  onFailure: (cause: unknown) => void,
): Promise<DashboardThread> {
  const worker = new Worker(new URL('./dashboard-worker.js', import.meta.url), {
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: MAX_THREAD_MEBIBYTES, maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
  });
  const message = await new Promise<ThreadMessage>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if ('refusal' in message) {
    await worker.terminate();
    throw new UserError(message.refusal);
  }
  worker.removeAllListeners('error');
  // a run that ends does not wait for its pages
  worker.unref();
  worker.on('error', onFailure);
  return {
    url: message.url,
    describe: (information) => worker.postMessage(information),
    close: async () => {
      await worker.terminate();
    },
  };
}
