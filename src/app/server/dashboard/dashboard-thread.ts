/**
 * @file The dashboard of a run in training, in a thread of its own: it reads the run folder as another process would, takes
 * no turn in the trainer's event loop, and where it fails the run goes on.
 */

import { Worker } from 'node:worker_threads';
import { UserError } from '../../../support/errors.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import type { Address } from '../listen.ts';
import { MAX_THREAD_MEBIBYTES } from './limits.ts';

/** What the thread is told when it starts. */
export interface ThreadOrder {
  readonly folder: string;
  readonly address: Address;
}

/** What the thread says once: where it serves, or why it cannot. */
export type ThreadMessage = { readonly url: string } | { readonly refusal: string };

/** Objects live for one event or for as long as the run; room for more short-lived ones would only be held. */
const YOUNG_MEBIBYTES = 8;

export interface DashboardThread {
  readonly url: string;
  /** Tells pages what is trained. */
  describe(information: RunInformation): void;
  close(): Promise<void>;
}

/**
 * Serves the dashboard of the run in `folder`.
 * @param onFailure is told when the thread ends by an error, after it has begun to serve.
 * @throws UserError when the address cannot be had.
 */
export async function startDashboard(
  order: ThreadOrder,
  onFailure: (cause: unknown) => void,
): Promise<DashboardThread> {
  const worker = new Worker(new URL('./dashboard-worker.js', import.meta.url), {
    workerData: order,
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
