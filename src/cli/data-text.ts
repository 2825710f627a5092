/** @file What `minillm data text` does. */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type BuildProgress, buildDataset } from '../data/build-dataset.ts';
import { readDocuments } from '../data/documents.ts';
import { fileError } from '../support/files.ts';
import { formatBytes, formatCount, formatDuration } from '../support/format.ts';
import { summaryLines, summaryObject } from './dataset-summary.ts';
import { Progress } from './progress.ts';

export interface DataTextFlags {
  readonly out: string;
  readonly splitOn: string;
  readonly textField: string;
  readonly skipBad?: true;
  readonly shardTokens: number;
  readonly valTokens?: number;
  readonly workers: number;
  readonly overwrite?: true;
  readonly json?: true;
}

/** Lines that are no documents are told one by one up to this many. */
const SHOWN_PROBLEMS = 5;

/** Builds the shards and prints a summary. */
export async function dataText(files: readonly string[], flags: DataTextFlags): Promise<void> {
  const { out, splitOn, textField, skipBad, shardTokens, valTokens, workers, overwrite } = flags;
  const started = performance.now();
  const progress = new Progress();
  const totalBytes = await sizeOf(files);
  let skippedLines = 0;
  const onBadLine = (problem: string): void => {
    if (++skippedLines <= SHOWN_PROBLEMS) progress.note(`skipped ${problem}`);
    if (skippedLines === SHOWN_PROBLEMS) progress.note('further such lines are only counted');
  };
  const description = await buildDataset({
    folder: out,
    documents: readDocuments(files, { splitOn, textField, ...(skipBad ? { onBadLine } : {}) }),
    source: files.map((file) => basename(file)).join(', '),
    workers,
    shardTokens,
    ...(valTokens === undefined ? {} : { validationTokens: valTokens }),
    overwrite: overwrite ?? false,
    onProgress: (reached) => progress.update(progressLine(reached, totalBytes)),
  }).finally(() => progress.clear());
  const seconds = (performance.now() - started) / 1000;
  const outcome = { folder: out, seconds };
  const note = skippedLines > 0 ? { note: `${formatCount(skippedLines)} lines skipped` } : {};
  if (flags.json) console.log(JSON.stringify({ ...summaryObject(description, outcome), skippedLines }));
  else console.log(summaryLines(description, { ...outcome, ...note }).join('\n'));
}

async function sizeOf(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    const { size } = await stat(file).catch((cause: unknown) => {
      throw fileError(file, 'read it', cause);
    });
    bytes += size;
  }
  return bytes;
}

/** `12 % | 1.20 GB of 9.98 GB | 45.1 MB/s | 11,034,112 tokens/s | 3 m 12 s left`. */
function progressLine({ bytes, tokens, seconds }: BuildProgress, totalBytes: number): string {
  const rate = bytes / seconds;
  return [
    `${Math.floor((100 * bytes) / totalBytes)} %`,
    `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
    `${(rate / 1e6).toFixed(1)} MB/s`,
    `${formatCount(tokens / seconds)} tokens/s`,
    `${formatDuration((totalBytes - bytes) / rate)} left`,
  ].join(' | ');
}
