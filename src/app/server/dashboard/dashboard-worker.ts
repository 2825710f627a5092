/** @file The thread that serves the dashboard of a run in training; started by dashboard-thread.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, UserError } from '../../../support/errors.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import { listen } from '../listen.ts';
import { dashboardApp } from './dashboard.ts';
import type { ThreadMessage, ThreadOptions } from './dashboard-thread.ts';

const { folder, address } = workerData as ThreadOptions;
const information = new Map<string, RunInformation>();
const post = (message: ThreadMessage): void => parentPort?.postMessage(message);

parentPort?.on('message', (known: RunInformation) => information.set(folder, known));
try {
  const app = dashboardApp({ folders: [folder], information });
  const { url } = await listen(app, address);
  post({ url });
} catch (cause) {
  if (!(cause instanceof UserError)) throw cause;
  post({ refusal: messageOf(cause) });
}
