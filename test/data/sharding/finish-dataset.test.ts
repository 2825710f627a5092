import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moveIntoPlace } from '#minillm/data/sharding/finish-dataset.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each(['../../escaped', '..\\escaped', '/tmp/escaped'])('a build cannot move a shard to %s', async (to) => {
  const folder = temporaryFolder();
  const work = join(folder, 'data', '.building');
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'stream_0.bin'), '');
  const counts = { documents: 0, validationTokens: 0, trainTokens: 0 };
  const tokenizer = { name: 'gpt2', vocabularySize: 50257, endOfText: 50256 };
  const description = { formatVersion: 1, source: 'a book', tokenizer, ...counts, shards: [] };
  writeFileSync(join(work, 'moves.json'), JSON.stringify({ description, moves: [{ from: 'stream_0.bin', to }] }));
  await expect(moveIntoPlace(work, join(folder, 'data'))).rejects.toThrow(/file name without folders/);
  expect(existsSync(join(work, 'stream_0.bin'))).toBe(true);
});
