import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moveIntoPlace } from '#minillm/data/sharding/finish-dataset.js';
import { exists } from '#minillm/support/files.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each(['../stolen.bin', '/tmp/stolen.bin', '..', '.hidden'])('no shard is moved to %s', async (to) => {
  const folder = join(temporaryFolder(), 'data');
  const work = join(folder, '.building');
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'spool_0.bin'), '');
  const counts = { documents: 1, validationTokens: 0, trainTokens: 1 };
  const tokenizer = { name: 'gpt2', vocabularySize: 50257, endOfText: 50256 };
  const description = { formatVersion: 1, source: 'a test', tokenizer, ...counts, shards: [] };
  writeFileSync(join(work, 'moves.json'), JSON.stringify({ description, moves: [{ from: 'spool_0.bin', to }] }));
  await expect(moveIntoPlace(work, folder)).rejects.toThrow('moves.0.to: expected a file name without folders');
  expect(await exists(join(work, 'spool_0.bin'))).toBe(true);
});
