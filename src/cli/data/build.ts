/** @file What every command that turns files into token shards does: build, show progress, print a summary. */

import { type BuildOutcome, type BuildProgress, buildDataset } from '../../data/sharding/build-dataset.ts';
import { type FileCorpusOptions, fileCorpus, type ReadableFiles } from '../../data/sharding/file-corpus.ts';
import { formatBytes, formatCount, formatDuration } from '../../support/format.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import type { CorpusFlags } from './flags.ts';
import { summaryLines, summaryObject } from './summary.ts';

/** Problems are shown one by one up to this many. */
const SHOWN_PROBLEMS = 5;

/** Builds the shards of some files and prints a summary; returns false if it was asked to stop first. */
export async function buildFromFiles(
  files: ReadableFiles,
  reading: Omit<FileCorpusOptions, 'files' | 'onFetched' | 'skipBad'>,
  flags: CorpusFlags,
  progress = new Progress(),
): Promise<boolean> {
  const { out: folder, workers, shardTokens, valTokens, tokens, part, compat, skipBad = false } = flags;
  const started = performance.now();
  let fetched: number | undefined;
  const onFetched = (bytes: number): void => {
    fetched = bytes;
  };
  const corpus = fileCorpus({
    ...reading,
    files,
    skipBad,
    keepEmpty: compat !== undefined,
    // files that are never released were not downloaded
    ...(files.release === undefined ? {} : { onFetched }),
  });
  const ends = { bytes: corpus.bytes ?? 0, tokens };
  // the first tokens of a corpus are validation, so only its first part has any: the same command serves every part
  const validationTokens = part !== undefined && part.index > 0 ? 0 : valTokens;
  let outcome: BuildOutcome | undefined;
  await abortOnSignals(async (signal) => {
    const building = buildDataset({
      folder,
      corpus,
      workers,
      shardTokens,
      skipBad,
      signal,
      ...(validationTokens === undefined ? {} : { validationTokens }),
      ...(tokens === undefined ? {} : { tokens }),
      compatible: compat !== undefined,
      overwrite: flags.overwrite ?? false,
      onProgress: (reached) => progress.update(progressLine(reached, ends, fetched)),
      onProblem: showProblems(progress),
    });
    outcome = await building
      .finally(() => progress.clear())
      .catch((cause: unknown) => {
        if (!signal.aborted) throw cause;
        return undefined;
      });
  }, 'stopping; the same command continues later (again to quit now)');
  if (outcome === undefined) return false;
  printSummary(outcome, flags, started);
  return true;
}

function printSummary(
  { description, skipped, wasFinished }: BuildOutcome,
  { out: folder, json }: CorpusFlags,
  started: number,
): void {
  const outcome = { folder, seconds: (performance.now() - started) / 1000 };
  const notes = [
    ...(skipped > 0 ? [`${formatCount(skipped)} skipped`] : []),
    ...(wasFinished ? ['already complete'] : []),
  ];
  if (json) console.log(JSON.stringify({ ...summaryObject(description, outcome), skipped, wasFinished }));
  else console.log(summaryLines(description, { ...outcome, note: notes.join(', ') }).join('\n'));
}

function showProblems(progress: Progress): (problem: string) => void {
  let shown = 0;
  return (problem) => {
    if (++shown <= SHOWN_PROBLEMS) progress.note(`skipped ${problem}`);
    if (shown === SHOWN_PROBLEMS) progress.note('what else is skipped is counted, not shown');
  };
}

/** `12 % | fetched 2.1 GB | 1.20 GB of 9.98 GB | 310,000 documents | 11,034,112 tokens/s | 3 m 12 s left`. */
function progressLine(
  { bytes, documents, tokens, newBytes, newTokens, seconds }: BuildProgress,
  ends: { readonly bytes: number; readonly tokens: number | undefined },
  fetched: number | undefined,
): string {
  const done = Math.max(bytes / ends.bytes, tokens / (ends.tokens ?? Number.POSITIVE_INFINITY));
  const left = Math.min(
    (ends.bytes - bytes) / (newBytes / seconds),
    ends.tokens === undefined ? Number.POSITIVE_INFINITY : (ends.tokens - tokens) / (newTokens / seconds),
  );
  return [
    `${Math.floor(100 * Math.min(1, done))} %`,
    ...(fetched === undefined ? [] : [`${formatBytes(fetched)} fetched`]),
    `${formatBytes(bytes)} of ${formatBytes(ends.bytes)}`,
    `${formatCount(documents)} documents`,
    `${formatCount(tokens)} tokens`,
    `${formatCount(newTokens / seconds)} tokens/s`,
    `${formatDuration(left)} left`,
  ].join(' | ');
}
