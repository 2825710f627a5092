/** @file A checkpoint that a flag names, downloaded, with progress, if it is one of the hub's. */

import { isHubModel } from '../../hub/model-name.ts';
import type { Progress } from '../terminal/progress.ts';
import { showDownload, waitLine } from './download-lines.ts';

/** The folder of `hf:OWNER/NAME[@REVISION]`, downloaded if need be; any other name unchanged. */
export async function localCheckpoint(name: string, progress: Progress): Promise<string> {
  if (!isHubModel(name)) return name;
  const { fetchModelFolder } = await import('../../hub/model-folder.ts');
  const { openHub } = await import('../../hub/hub.ts');
  const hub = await openHub({ onWait: (reason, wait) => progress.update(waitLine(reason, wait)) });
  const show = showDownload(name, progress);
  const folder = fetchModelFolder(name, {
    hub,
    onProgress: ({ name: file, bytes, totalBytes }) => show(bytes, totalBytes, file),
  });
  return folder.finally(() => progress.clear());
}
