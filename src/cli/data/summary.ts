/** @file What `minillm data` prints once the shards are written: how much there is, and what to type next. */

import { basename } from 'node:path';
import type { DatasetDescription } from '../../data/shards/dataset-description.ts';
import { formatCount, formatDuration } from '../../support/format.ts';
import { shellWord } from '../terminal/shell-word.ts';

export interface DatasetOutcome {
  readonly folder: string;
  readonly seconds: number;
  /** What to add to the number of documents. */
  readonly note?: string;
}

/** The summary for a person. */
export function summaryLines(description: DatasetDescription, { folder, seconds, note }: DatasetOutcome): string[] {
  const { documents, trainTokens, validationTokens, shards } = description;
  return [
    `${folder}: ${formatCount(documents)} documents${note ? `, ${note},` : ''} in ${formatDuration(seconds)}`,
    `train ${formatCount(trainTokens)} tokens, validation ${formatCount(validationTokens)} tokens, ${shards.length} shards`,
    `next: minillm train --data ${shellWord(folder)} --out out/${basename(folder).replace(/[^\w.-]/g, '-')} --preset tiny`,
  ];
}

/** The same for a program. */
export function summaryObject(description: DatasetDescription, { folder, seconds }: Omit<DatasetOutcome, 'note'>) {
  const { documents, trainTokens, validationTokens, shards } = description;
  return { folder, seconds, documents, trainTokens, validationTokens, shards: shards.map(({ name }) => name) };
}
