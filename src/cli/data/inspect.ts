/** @file What `minillm data inspect` does. */

import { type DatasetReport, inspectDataset } from '../../data/shards/inspect-dataset.ts';
import { decode } from '../../data/tokenizer/tokenizer.ts';
import { UserError } from '../../support/errors.ts';
import { formatCount } from '../../support/format.ts';
import { VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';
import { Progress } from '../terminal/progress.ts';
import { withoutControls } from '../terminal/text-width.ts';

export interface DataInspectFlags {
  readonly documents: number;
  readonly seed: number;
  readonly json?: true;
}

const SHOWN_TOKENS = 12;
const BAR_WIDTH = 40;

/**
 * Reads the shards and prints what is in them.
 * @throws UserError when they are not the shards that `dataset.json` lists, or hold ids that no token has
 */
export async function dataInspect(folder: string, { documents, seed, json }: DataInspectFlags): Promise<void> {
  const progress = new Progress();
  const report = await inspectDataset(folder, {
    samples: documents,
    seed,
    onProgress: (tokens, total) =>
      progress.update(`${Math.floor((100 * tokens) / total)} % | ${formatCount(tokens)} tokens`),
  }).finally(() => progress.clear());
  console.log(json ? JSON.stringify(reportObject(folder, report)) : reportLines(folder, report).join('\n'));
  const [stray] = report.strays;
  if (stray !== undefined) {
    const others = report.strays.length > 1 ? ` (and more in ${report.strays.length - 1} other shards)` : '';
    throw new UserError(
      `${folder}: expected ids below ${VOCABULARY_SIZE}, found ${stray.id} at token ${stray.position} of ${stray.shard}${others}; build or download it again`,
    );
  }
  const changed = report.shards.filter(({ isAsDescribed }) => isAsDescribed === false).map(({ name }) => name);
  if (changed.length > 0) {
    throw new UserError(
      `${folder}: expected the SHA-256 sums in dataset.json, found others for ${changed.join(', ')}; build or download them again`,
    );
  }
}

interface TokenFrequency {
  readonly id: number;
  readonly text: string;
  readonly count: number;
}

function frequentTokens({ tokenCounts }: DatasetReport): TokenFrequency[] {
  const ids = [...tokenCounts.keys()].sort((a, b) => tokenCounts[b]! - tokenCounts[a]!);
  return ids.slice(0, SHOWN_TOKENS).map((id) => ({ id, text: decode([id]), count: tokenCounts[id]! }));
}

function kindsOfTokens({ tokenCounts }: DatasetReport): number {
  return tokenCounts.reduce((kinds, count) => kinds + (count > 0 ? 1 : 0), 0);
}

function reportObject(folder: string, report: DatasetReport): object {
  const { tokenCounts: _, lengthCounts, ...rest } = report;
  const documentLengths = lengthCounts.flatMap((count, bin) => (count > 0 ? [{ from: 2 ** bin, count }] : []));
  return { folder, ...rest, kinds: kindsOfTokens(report), frequent: frequentTokens(report), documentLengths };
}

function reportLines(folder: string, report: DatasetReport): string[] {
  const { trainTokens, validationTokens, documents, shards } = report;
  const unchecked = shards.filter(({ isAsDescribed }) => isAsDescribed === undefined).length;
  const intact = shards.filter(({ isAsDescribed }) => isAsDescribed).length;
  const checked =
    unchecked === shards.length ? 'no dataset.json to check them against' : `SHA-256 of ${intact} as in dataset.json`;
  return [
    `${folder}: ${report.source ?? 'shards of unknown origin'}`,
    `train ${formatCount(trainTokens)} tokens, validation ${formatCount(validationTokens)} tokens`,
    `${shards.length} shards, ${checked}`,
    `${formatCount(documents)} documents, the longest ${formatCount(report.longestDocument)} tokens`,
    '',
    'documents by tokens',
    ...lengthPicture(report.lengthCounts),
    '',
    `${formatCount(kindsOfTokens(report))} different tokens, the most frequent:`,
    ...tokenPicture(frequentTokens(report)),
    ...report.samples.flatMap(({ shard, position, text, isCut }) => [
      '',
      `${shard} at ${formatCount(position)}`,
      ...`${withoutControls(text)}${isCut ? ' …' : ''}`.split('\n').map((line) => `  | ${line}`),
    ]),
  ];
}

function lengthPicture(counts: readonly number[]): string[] {
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first < 0) return ['  none'];
  const bins = counts.slice(first, last + 1);
  const labels = bins.map((_, i) => `${formatCount(2 ** (first + i))} – ${formatCount(2 ** (first + i + 1) - 1)}`);
  return bars(labels, bins);
}

function tokenPicture(tokens: readonly TokenFrequency[]): string[] {
  return bars(
    tokens.map(({ id, text }) => `${JSON.stringify(text)} ${id}`),
    tokens.map(({ count }) => count),
  );
}

/** One line per label, with a bar as long as its count. */
function bars(labels: readonly string[], counts: readonly number[]): string[] {
  const width = Math.max(...labels.map((label) => label.length));
  const highest = Math.max(...counts);
  return labels.map((label, i) => {
    const bar = '█'.repeat(Math.ceil((BAR_WIDTH * counts[i]!) / highest));
    return `  ${label.padStart(width)} ${bar} ${formatCount(counts[i]!)}`;
  });
}
