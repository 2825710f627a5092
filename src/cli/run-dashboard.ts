/** @file What `minillm dashboard` does. */

import { dashboardApp } from '../app/server/dashboard/dashboard.ts';
import { listen } from '../app/server/listen.ts';
import { metricsPath } from '../runs/metrics.ts';
import { UserError } from '../support/errors.ts';
import { exists } from '../support/files.ts';
import { addressOf } from './dashboard-flags.ts';

/** Serves the runs until the process is ended. */
export async function serveDashboard(
  folders: readonly string[],
  { host, port }: { readonly host: string; readonly port?: number },
): Promise<void> {
  for (const folder of folders)
    if (!(await exists(metricsPath(folder))))
      throw new UserError(
        `${folder}: expected a run folder with metrics.jsonl, found none; \`minillm train --out ${folder}\` makes one`,
      );
  const app = dashboardApp({ folders, information: new Map() });
  const { url } = await listen(app, addressOf(host, port));
  console.log(`dashboard: ${url} (Ctrl-C ends it)`);
}
