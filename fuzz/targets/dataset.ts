/** @file `dataset.json` beside shards. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordedSource } from '#minillm/data/sharding/build-folder.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { readShards, shardBytes, TOKENS, VOCABULARY } from '../shard-files.ts';

const SHARDS = [
  { name: 'val_000000.bin', split: 'validation', tokens: 20, sha256: '0'.repeat(64) },
  { name: 'train_000001.bin', split: 'train', tokens: 120, sha256: '9'.repeat(64) },
] as const;

export const DESCRIPTION = {
  formatVersion: 1,
  source: 'a "book"',
  documents: 3,
  validationTokens: 20,
  trainTokens: 120,
  tokenizer: { name: 'gpt2', vocabularySize: VOCABULARY, endOfText: 1 },
  settings: { source: 'a "book"', textField: 'text', splitOn: null, shardTokens: 100_000_000 },
  shards: SHARDS,
};

export async function writeShards(folder: string): Promise<void> {
  for (const { name, tokens } of SHARDS) await writeFile(join(folder, name), shardBytes(name, TOKENS.slice(0, tokens)));
}

export const target = fileTarget({
  name: 'dataset',
  fileName: 'dataset.json',
  seeds: () => [JSON.stringify(DESCRIPTION)],
  mutate: mutateJson,
  prepare: writeShards,
  async read(_, folder) {
    await recordedSource(folder, true);
    await readShards(folder);
  },
});
