/** @file What `minillm dashboard` does. */

import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { dashboardApp } from '../../app/server/dashboard/dashboard.ts';
import { listen } from '../../app/server/listen.ts';
import { metricsPath } from '../../runs/metrics.ts';
import { UserError } from '../../support/errors.ts';
import { fileError } from '../../support/files.ts';
import { dashboardAddress } from './flags.ts';

/** Serves the runs until the process ends. */
export async function serveDashboard(
  folders: readonly string[],
  { host, port }: { readonly host: string; readonly port?: number },
): Promise<void> {
  for (const folder of folders) await checkFolder(folder);
  const app = dashboardApp({ folders, information: new Map() });
  const { url } = await listen(app, dashboardAddress(host, port));
  console.log(`dashboard: ${url} (Ctrl-C stops it)`);
}

/** Accepts a folder whose run has not begun yet; refuses what cannot hold a run. */
async function checkFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw folderError(folder, cause);
  });
  if (!names.includes(basename(metricsPath(folder))))
    console.log(`${folder}: no metrics.jsonl yet; the run appears once it begins`);
}

function folderError(folder: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT')
    return new UserError(
      `${folder}: expected a run folder, found nothing; \`minillm train --out ${folder}\` makes one`,
    );
  if (code === 'ENOTDIR')
    return new UserError(`${folder}: expected a run folder, found a file; give the folder it is in`);
  return fileError(folder, 'read the folder', cause);
}
