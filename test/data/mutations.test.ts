/** @file Damaged and hostile data: whatever bytes are in a file, reading it gives tokens or documents, or a UserError. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BatchLoader } from '#minillm/data/batch-loader.js';
import { openDataset, ShardSet } from '#minillm/data/dataset.js';
import { writeDescription } from '#minillm/data/dataset-description.js';
import { readDocuments } from '#minillm/data/documents/documents.js';
import { Shard } from '#minillm/data/shard.js';
import { UserError } from '#minillm/support/errors.js';
import { Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeBin, writeNpy } from './shard-files.ts';

const MUTATIONS = 10_000;
const VOCABULARY = 100;

/** What a program that trusts its input stumbles over, as JSON and as the numbers of a header. */
const HOSTILE = [
  ...['0', '-1', '1', '0.5', '1e308', '-1e308', '1e999', '4294967296', '9007199254740993', '18446744073709551616'],
  ...['9'.repeat(400), 'NaN', 'null', 'true', '""', '"text"', '"\\ud800"', '"../train_000001.bin"', '"__proto__"'],
  ...['[]', '{}', '[[0]]', '{"text":"a"}', '{"text":{"text":[]}}', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
];
const HOSTILE_INTEGERS = [0, 1, 2, -1, 0x7fffffff, -0x80000000, 0x10000, 0xffff, 20240520, 0x40000000];

type Mutate = (bytes: Buffer, random: Random) => Buffer;

const below = (random: Random, count: number) => random.uint32() % count;
const oneOf = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)]!;

/** Flips a bit, cuts off the end, removes or repeats a stretch, or inserts bytes. */
function mutateBytes(bytes: Buffer, random: Random): Buffer {
  // half of the time among the first, where a header is
  const at = below(random, random.uint32() % 2 === 0 ? bytes.length : Math.min(128, bytes.length));
  const end = at + below(random, 32);
  const inserted = Buffer.from(Uint32Array.of(random.uint32()).buffer);
  switch (below(random, 5)) {
    case 0: {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1 << below(random, 8);
      return copy;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
  }
}

/** Replaces a string, number, bracket or word by something hostile, another one, itself twice, or nothing. */
function mutateText(text: string, random: Random): string {
  const parts = [...text.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|-?\d[\d.e+-]*|\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}|\w+/g)];
  const { index, 0: part } = oneOf(random, parts);
  const replacement = oneOf(random, [oneOf(random, HOSTILE), oneOf(random, parts)[0], `${part},${part}`, '']);
  return text.slice(0, index) + replacement + text.slice(index + part.length);
}

/** llm.c's header: three numbers and zeros. */
const mutateBin: Mutate = (bytes, random) => {
  if (random.uint32() % 2 === 0) return mutateBytes(bytes, random);
  const copy = Buffer.from(bytes);
  copy.writeInt32LE(oneOf(random, HOSTILE_INTEGERS), 4 * below(random, 4));
  return copy;
};

/** NumPy's header: a length, and a dictionary as Python prints it. */
const mutateNpy: Mutate = (bytes, random) => {
  const kind = below(random, 4);
  if (kind === 0) return mutateBytes(bytes, random);
  const dataOffset = 10 + bytes.readUInt16LE(8);
  let header = bytes.toString('latin1', 10, dataOffset);
  if (kind > 1) header = mutateText(header, random);
  const version = oneOf(random, [1, 1, 1, 2, 2, 3]);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  const said = kind === 1 ? oneOf(random, HOSTILE_INTEGERS) : header.length;
  length.writeUIntLE((said >>> 0) % 2 ** (8 * length.length), 0, length.length);
  const start = Buffer.concat([bytes.subarray(0, 6), Buffer.of(version, 0), length]);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), bytes.subarray(dataOffset)]);
};

const mutateJson: Mutate = (bytes, random) =>
  random.uint32() % 4 === 0 ? mutateBytes(bytes, random) : Buffer.from(mutateText(bytes.toString(), random));

/** Damages the compressed bytes, or compresses damaged text. */
const mutateGzip: Mutate = (bytes, random) =>
  random.uint32() % 2 === 0 ? mutateBytes(gzipSync(bytes), random) : gzipSync(mutateJson(bytes, random));

/** Opens a shard and reads every window of an epoch. */
async function readShard(path: string): Promise<void> {
  const shard = new Shard(path);
  try {
    const settings = { batchSize: 4, sequenceLength: 8, microSteps: 1, rank: 0, worldSize: 1, seed: 1, shuffle: true };
    const loader = new BatchLoader(new ShardSet([shard]), { ...settings, vocabularySize: VOCABULARY });
    for (let step = 0; step * settings.batchSize < loader.windowsPerEpoch; step++) loader.batch(step, 0);
  } finally {
    shard.close();
  }
}

async function readDescribed(folder: string): Promise<void> {
  const dataset = await openDataset(folder);
  dataset.close();
}

async function readText(path: string): Promise<void> {
  for await (const { text } of readDocuments([path])) if (text === '') throw new Error('a document without text');
}

/**
 * Runs the mutations, of which some must be read and some refused, so that both outcomes are put to the test.
 * @param original the file before it is damaged, which stands at `path`.
 */
async function expectReadOrRefused(path: string, original: Buffer, mutate: Mutate, read: () => Promise<void>) {
  await read();
  const before = process.memoryUsage().rss;
  let refused = 0;
  let slowest = 0;
  let longestMessage = '';
  for (let seed = 0; seed < MUTATIONS; seed++) {
    // a new file, as ext4 flushes one that is overwritten
    rmSync(path);
    writeFileSync(path, mutate(original, new Random(seed, basename(path))));
    const started = performance.now();
    try {
      await read();
    } catch (cause) {
      if (!(cause instanceof UserError)) throw new Error(`mutation ${seed}`, { cause });
      if (cause.message.length > longestMessage.length) longestMessage = cause.message;
      refused++;
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 10);
  expect(refused).toBeLessThan(MUTATIONS * 0.99);
  expect(slowest, 'milliseconds').toBeLessThan(2000);
  expect(longestMessage.length, longestMessage).toBeLessThan(2000);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
}

const tokens = Array.from({ length: 120 }, (_, index) => (index * 37) % VOCABULARY);

test(`${MUTATIONS} mutations of a .bin shard give tokens or a UserError`, async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'train_000000.bin');
  await writeBin(path, tokens);
  await expectReadOrRefused(path, readFileSync(path), mutateBin, () => readShard(path));
});

test(`${MUTATIONS} mutations of a .npy shard give tokens or a UserError`, async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'train_000000.npy');
  writeNpy(path, tokens);
  await expectReadOrRefused(path, readFileSync(path), mutateNpy, () => readShard(path));
});

test(`${MUTATIONS} mutations of dataset.json give a dataset or a UserError`, async () => {
  const folder = temporaryFolder();
  const shards = [
    { name: 'val_000000.bin', split: 'validation', tokens: 20, sha256: '0'.repeat(64) },
    { name: 'train_000001.bin', split: 'train', tokens: 120, sha256: '9'.repeat(64) },
  ] as const;
  for (const { name, tokens: count } of shards) await writeBin(join(folder, name), tokens.slice(0, count));
  const tokenizer = { name: 'gpt2', vocabularySize: VOCABULARY, endOfText: 1 };
  const counts = { documents: 3, validationTokens: 20, trainTokens: 120 };
  await writeDescription(folder, { formatVersion: 1, source: 'a "book"', tokenizer, ...counts, shards: [...shards] });
  const path = join(folder, 'dataset.json');
  await expectReadOrRefused(path, readFileSync(path), mutateJson, () => readDescribed(folder));
});

const LINES = [
  '{"text":"one \\u00e9 \\"two\\"","id":1}',
  '',
  '{"id":2,"text":"naïve 日本 🙂"}',
  '{"text":""}',
  '{"text":"end"}',
];

test.each([
  ['.jsonl', (bytes: Buffer) => bytes, mutateJson],
  ['.jsonl.gz', gzipSync, mutateGzip],
] as const)(`${MUTATIONS} mutations of a %s file give documents or a UserError`, async (extension, store, mutate) => {
  const folder = temporaryFolder();
  const path = join(folder, `documents${extension}`);
  const text = Buffer.from(LINES.join('\n'));
  writeFileSync(path, store(text));
  await expectReadOrRefused(path, text, mutate, () => readText(path));
});
