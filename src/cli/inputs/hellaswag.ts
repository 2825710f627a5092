/** @file The HellaSwag file that a flag names, downloaded, with progress, if it is the published one. */

import { fetchHellaswag } from '../../eval/hellaswag-file.ts';
import { DOWNLOAD, HELLASWAG } from '../../eval/hellaswag-source.ts';
import type { Progress } from '../terminal/progress.ts';
import { showDownload } from './download-lines.ts';

/** Downloads HellaSwag if that is what `--hellaswag` asks for and it is not here yet. */
export async function localHellaswag(
  source: string | undefined,
  progress: Progress,
  published = HELLASWAG,
): Promise<void> {
  if (source !== DOWNLOAD) return;
  await fetchHellaswag(published, showDownload('HellaSwag', progress)).finally(() => progress.clear());
}
