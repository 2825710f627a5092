import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DocumentPart } from '#minillm/data/documents/documents.js';
import { buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { documentCorpus } from '#minillm/data/sharding/document-units.js';
import { inspectDataset } from '#minillm/data/shards/inspect-dataset.js';
import { END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { sampleTexts } from '../../data/documents/parquet-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { minillm } from '../minillm.ts';

const texts = sampleTexts(400);
const lengths = texts.map((text) => encode(text).length);

async function shards(): Promise<string> {
  const folder = temporaryFolder();
  async function* documents(): AsyncGenerator<DocumentPart> {
    for (const text of texts) yield { text, startsDocument: true, bytes: text.length };
  }
  const corpus = documentCorpus({ source: 'a test', documents: documents() });
  await buildDataset({ folder, corpus, workers: 1, shardTokens: 7000, validationTokens: 0 });
  return folder;
}

test('counts, frequencies, lengths and sums are those of the documents; shown documents are whole ones', async () => {
  const folder = await shards();
  const report = await inspectDataset(folder, { samples: 5, seed: 1 });
  expect(report.documents).toBe(400);
  expect(report.longestDocument).toBe(Math.max(...lengths));
  expect(report.tokenCounts[END_OF_TEXT]).toBe(400);
  expect(report.tokenCounts.reduce((sum, count) => sum + count, 0)).toBe(report.trainTokens);
  const bins = report.lengthCounts.map((_, bin) => lengths.filter((n) => Math.floor(Math.log2(n)) === bin).length);
  expect(report.lengthCounts).toEqual(bins);
  expect(report.shards.every(({ isAsDescribed }) => isAsDescribed)).toBe(true);
  expect(report.samples).toHaveLength(5);
  for (const { text, isCut } of report.samples) {
    expect(texts.some((whole) => (isCut ? whole.startsWith(text.slice(0, 100)) : whole === text))).toBe(true);
  }
  expect(await inspectDataset(folder, { samples: 5, seed: 1 })).toEqual(report);
});

test('the command prints them for people and for programs, and fails on a shard that was changed', async () => {
  const folder = await shards();
  const { code, stdout } = await minillm('data', 'inspect', folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/400 documents, the longest \d+ tokens/);
  expect(stdout).toMatch(/ {2}\s*\d+ – \d+ █+ \d+\n/);
  const shard = await open(join(folder, 'train_000001.bin'), 'r+');
  await shard.write(Buffer.from([1, 0]), 0, 2, 2000);
  await shard.close();
  const changed = await minillm('data', 'inspect', folder, '--json', '--documents', '0');
  expect([changed.code, changed.stderr]).toEqual([
    1,
    `minillm: ${folder}: expected the SHA-256 sums in dataset.json, found others for train_000001.bin; build or download them again\n`,
  ]);
  const report = JSON.parse(changed.stdout);
  expect(report).toMatchObject({ documents: expect.any(Number), source: 'a test', samples: [] });
  expect(report.frequent[0].count).toBeGreaterThan(report.frequent[1].count);
});

test('the command fails on an id that no token has, and says where it is', async () => {
  const folder = await shards();
  const shard = await open(join(folder, 'train_000001.bin'), 'r+');
  await shard.write(Buffer.from([0xff, 0xff]), 0, 2, 1024 + 2 * 12);
  await shard.close();
  const { code, stdout, stderr } = await minillm('data', 'inspect', folder, '--documents', '0');
  expect(code).toBe(1);
  expect(stdout).toContain('400 documents');
  expect(stderr).toContain('expected ids below 50257, found 65535 at token 12 of train_000001.bin');
});
