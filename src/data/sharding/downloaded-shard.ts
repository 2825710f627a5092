/** @file A shard made elsewhere that takes its place in `dataset.json`. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { END_OF_TEXT } from '../../support/gpt2-vocabulary.ts';
import { streamRegularFile } from '../../support/regular-file.ts';
import type { DatasetDescription } from '../shards/dataset-description.ts';
import { Shard } from '../shards/shard.ts';
import { splitOfShard } from '../shards/shard-names.ts';

const READ_TOKENS = 1 << 20;

/** The description with one more shard; every token of it is read to count the documents. */
export function withShard(description: DatasetDescription, path: string, sha256: string): DatasetDescription {
  const name = basename(path);
  const split = splitOfShard(name) ?? 'train';
  const shard = new Shard(path);
  try {
    const tokens = shard.tokenCount;
    const { documents, validationTokens, trainTokens, shards } = description;
    return {
      ...description,
      documents: documents + countDocuments(shard),
      validationTokens: validationTokens + (split === 'validation' ? tokens : 0),
      trainTokens: trainTokens + (split === 'train' ? tokens : 0),
      shards: [...shards, { name, split, tokens, sha256 }].sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  } finally {
    shard.close();
  }
}

/** The documents that begin in a shard. */
function countDocuments(shard: Shard): number {
  let documents = 0;
  for (let start = 0; start < shard.tokenCount; start += READ_TOKENS) {
    for (const token of shard.read(start, Math.min(READ_TOKENS, shard.tokenCount - start)))
      if (token === END_OF_TEXT) documents++;
  }
  return documents;
}

/** The sha256 of a file in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of streamRegularFile(path)) hash.update(bytes);
  return hash.digest('hex');
}
