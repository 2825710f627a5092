/** @file Uploads files with progress, and says what came of it, or what would be uploaded. */

import type { Hub } from '../../hub/hub.ts';
import { openHub } from '../../hub/hub.ts';
import { type UploadOptions, type UploadTarget, uploadFiles } from '../../hub/upload/upload.ts';
import { sizeOf, type UploadFile } from '../../hub/upload/upload-file.ts';
import { formatBytes } from '../../support/format.ts';
import { downloadLine, waitLine } from '../inputs/download-lines.ts';
import type { Progress } from '../terminal/progress.ts';
import { textTable } from '../terminal/table.ts';

/** The card of a repository. */
export const CARD = 'README.md';

export const STOP_NOTICE = 'stopping; what has been uploaded is kept (again to quit now)';

/** The hub that the environment names, whose waits are shown. */
export function openShownHub(progress: Progress): Promise<Hub> {
  return openHub({ onWait: (reason, wait) => progress.update(waitLine(reason, wait)) });
}

export interface ShowOptions extends Omit<UploadOptions, 'onProgress'> {
  readonly progress: Progress;
  readonly json: boolean;
}

/** Uploads, and prints what came of it; nothing once the signal has come. */
export async function showUpload(
  hub: Hub,
  target: UploadTarget,
  files: readonly UploadFile[],
  { progress, json, ...options }: ShowOptions,
): Promise<void> {
  const started = performance.now();
  const onProgress = (bytes: number, total: number): void =>
    progress.update(`uploading | ${downloadLine(bytes, total, (performance.now() - started) / 1000)}`);
  const result = await uploadFiles(hub, target, files, { ...options, onProgress })
    .finally(() => progress.clear())
    .catch((cause: unknown) => {
      if (options.signal.aborted) return undefined;
      throw cause;
    });
  if (result === undefined) return;
  if (json) {
    console.log(JSON.stringify(result));
    return;
  }
  const { sent, unchanged, removed, url, commit } = result;
  const done = [...sent, ...removed.map((path) => `${path} removed`)].join(', ');
  const rest = unchanged.length > 0 ? ` (${unchanged.length} files were there)` : '';
  console.log(
    done === '' ? `${url} has all of it already, at commit ${commit}` : `${url}: ${done}${rest}, commit ${commit}`,
  );
}

/** Prints what would be uploaded. */
export async function describeUpload(
  { kind, name }: UploadTarget,
  files: readonly UploadFile[],
  card: string,
  flags: { readonly private?: true; readonly json?: true },
): Promise<void> {
  const sizes = await Promise.all(files.map(sizeOf));
  if (flags.json) {
    const listed = files.map(({ path }, index) => ({ path, bytes: sizes[index] }));
    console.log(JSON.stringify({ name, files: listed, card }));
    return;
  }
  const called = kind === 'space' ? 'Space' : kind;
  console.log(`${name} would get, as a ${flags.private ? 'private' : 'public'} ${called}:\n`);
  console.log(
    textTable(
      ['file', 'size'],
      files.map(({ path }, index) => [path, formatBytes(sizes[index] ?? 0)]),
    ),
  );
  console.log(`\n${CARD}:\n\n${card}`);
}
