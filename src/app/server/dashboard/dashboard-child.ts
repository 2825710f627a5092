/** @file The process that serves the dashboard of a run in training; started by dashboard-process.ts. */

import { messageOf, UserError } from '../../../support/errors.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import { listen } from '../listen.ts';
import { dashboardApp } from './dashboard.ts';
import type { DashboardMessage, DashboardOrder, TrainerMessage } from './dashboard-process.ts';

/** What the trainer says of its run, by folder. */
const information = new Map<string, RunInformation>();
let folder = '';

process.on('message', (message: TrainerMessage) => {
  if ('order' in message) void serve(message.order);
  else information.set(folder, message.information);
});
process.once('disconnect', () => process.exit());
process.once('uncaughtException', (cause) => {
  process.send?.({ failure: messageOf(cause) } satisfies DashboardMessage, () => process.exit(1));
});

async function serve(order: DashboardOrder): Promise<void> {
  folder = order.folder;
  try {
    const { url } = await listen(dashboardApp({ folders: [folder], information }), order.address);
    answer({ url });
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    answer({ refusal: messageOf(cause) });
    process.disconnect();
  }
}

function answer(message: DashboardMessage): void {
  process.send?.(message);
}
