/** @file The thread that serves the dashboard of a run in training; started by dashboard-thread.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, UserError } from '../../../support/errors.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import { listen } from '../listen.ts';
import { dashboardApp } from './dashboard.ts';
import type { ThreadMessage, ThreadOrder } from './dashboard-thread.ts';

const { folder, address } = workerData as ThreadOrder;
const information = new Map<string, RunInformation>();
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);

parentPort?.on('message', (known: RunInformation) => information.set(folder, known));
try {
  const app = dashboardApp({ folders: [folder], information });
  const { url } = await listen(app, address);
  tell({ url });
} catch (cause) {
  if (!(cause instanceof UserError)) throw cause;
  tell({ refusal: messageOf(cause) });
}
