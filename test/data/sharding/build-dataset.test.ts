import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, it } from 'vitest';
import type { DocumentPart } from '#minillm/data/documents/documents.js';
import { type BuildOptions, type BuildProgress, buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { documentCorpus } from '#minillm/data/sharding/document-units.js';
import { type Dataset, openDataset } from '#minillm/data/shards/dataset.js';
import { END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const texts = Array.from({ length: 3000 }, (_, i) => `Document ${i}. ${'The quick brown fox! '.repeat((i * 31) % 80)}`);
const expected = texts.flatMap((text) => [END_OF_TEXT, ...encode(text)]);

async function* documents(): AsyncGenerator<DocumentPart> {
  for (const text of texts) yield { text, startsDocument: true, bytes: text.length };
}

const corpusOf = (parts: AsyncIterable<DocumentPart>) => documentCorpus({ source: 'a test', documents: parts });

const build = async (folder: string, changes: Partial<BuildOptions> = {}) =>
  (await buildDataset({ folder, corpus: corpusOf(documents()), workers: 1, ...changes })).description;

/** Whether validation and then training hold the expected tokens; a plain comparison, as there are 600,000. */
function holdsExpected({ validation, train }: Dataset): boolean {
  const shards = [...validation.shards, ...train.shards];
  return shards.map((shard) => shard.read(0, shard.tokenCount).join()).join() === expected.join();
}

describe('buildDataset', () => {
  it('writes every document after <|endoftext|>, the first 5 % as validation, and leaves nothing else', async () => {
    const folder = temporaryFolder();
    const description = await build(folder);
    expect(readdirSync(folder).sort()).toEqual(['dataset.json', 'train_000001.bin', 'val_000000.bin']);
    const dataset = await openDataset(folder);
    expect(dataset.validation.tokenCount).toBe(Math.floor(0.05 * expected.length));
    expect(holdsExpected(dataset)).toBe(true);
    expect(dataset.description).toEqual(description);
    expect(description.documents).toBe(texts.length);
    expect(description.trainTokens + description.validationTokens).toBe(expected.length);
    dataset.close();
  });

  it('records the sha256 of every shard, the same for 1 and 2 workers', async () => {
    const folders = [temporaryFolder(), temporaryFolder()];
    const [one, two] = await Promise.all(
      folders.map((folder, i) => build(folder, { workers: i + 1, shardTokens: 100_000 })),
    );
    expect(two).toEqual(one);
    for (const { name, sha256 } of one!.shards) {
      const bytes = readFileSync(join(folders[1]!, name));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
  });

  it.each([
    // of more than ten shards, one is validation
    { shardTokens: 30_000, validation: 30_000 },
    // of ten shards or fewer, 5 %
    { shardTokens: 100_000, validation: Math.floor(0.05 * expected.length) },
    { shardTokens: 100_000, validationTokens: 1000, validation: 1000 },
    { shardTokens: 30_000, validationTokens: 75_000, validation: 75_000 },
    { shardTokens: 30_000, validationTokens: 60_000, validation: 60_000 },
    { shardTokens: 30_000, validationTokens: 0, validation: 0 },
  ])('cuts the stream into shards in order: $shardTokens a shard, $validation for validation', async (row) => {
    const { validation, ...options } = row;
    const folder = temporaryFolder();
    const { shards } = await build(folder, options);
    expect(shards.map((shard) => Number(/_(\d{6})\.bin$/.exec(shard.name)?.[1]))).toEqual(shards.map((_, i) => i));
    const dataset = await openDataset(folder);
    expect(dataset.validation.tokenCount).toBe(validation);
    expect(holdsExpected(dataset)).toBe(true);
    for (const shard of shards) expect(shard.tokens).toBeLessThanOrEqual(options.shardTokens);
    dataset.close();
  });

  it('has at most one shard that is not full on each side of the cut', async () => {
    const { shards } = await build(temporaryFolder(), { shardTokens: 30_000, validationTokens: 75_000 });
    const partial = shards.slice(0, -1).filter((shard) => shard.tokens !== 30_000);
    expect(partial.map((shard) => shard.tokens)).toEqual([15_000, 15_000]);
  });

  it('reports progress that ends at the totals', async () => {
    const reports: BuildProgress[] = [];
    await build(temporaryFolder(), { onProgress: (progress) => reports.push(progress) });
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.at(-1)).toMatchObject({
      bytes: texts.join('').length,
      documents: texts.length,
      tokens: expected.length,
    });
  });

  it('ends the stream at the requested token', async () => {
    const folder = temporaryFolder();
    const description = await build(folder, { tokens: 90_000, shardTokens: 30_000, validationTokens: 10_000 });
    expect(description.shards.map((shard) => shard.tokens)).toEqual([10_000, 20_000, 30_000, 30_000]);
    const dataset = await openDataset(folder);
    const shards = [...dataset.validation.shards, ...dataset.train.shards];
    const found = shards.flatMap((shard) => [...shard.read(0, shard.tokenCount)]);
    expect(found.join() === expected.slice(0, 90_000).join()).toBe(true);
    expect(description.documents).toBe(found.filter((token) => token === END_OF_TEXT).length);
    dataset.close();
  });

  it('writes the files of build-nanogpt: NumPy arrays, the first of which is validation', async () => {
    const folder = temporaryFolder();
    const { shards } = await build(folder, { compatible: true, shardTokens: 250_000 });
    expect(shards.map(({ name }) => name)).toEqual([
      'edufineweb_val_000000.npy',
      'edufineweb_train_000001.npy',
      'edufineweb_train_000002.npy',
    ]);
    const dataset = await openDataset(folder);
    expect(dataset.validation.tokenCount).toBe(250_000);
    expect(holdsExpected(dataset)).toBe(true);
    dataset.close();
  });

  it('finds that the same build is finished, refuses others and replaces them only when it is to', async () => {
    const folder = temporaryFolder();
    await build(folder, { shardTokens: 30_000 });
    const before = readdirSync(folder);
    const again = await buildDataset({ folder, corpus: corpusOf(documents()), workers: 2, shardTokens: 30_000 });
    expect(again.wasFinished).toBe(true);
    await expect(build(folder)).rejects.toThrow(
      'holds shards made with other settings (shardTokens was 30000 and is 100000000); use the same, choose another folder',
    );
    expect(readdirSync(folder)).toEqual(before);
    await build(folder, { overwrite: true });
    expect(readdirSync(folder).sort()).toEqual(['dataset.json', 'train_000001.bin', 'val_000000.bin']);
  });

  it('refuses shards of unknown origin', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'train_000000.bin'), '');
    await expect(build(folder)).rejects.toThrow('already holds shards (train_000000.bin, …); choose another folder');
  });

  it('touches nothing that is there when the documents fail at once', async () => {
    const folder = temporaryFolder();
    await build(folder);
    const before = readFileSync(join(folder, 'train_000001.bin'));
    const failing = new ReadableStream<DocumentPart>({
      start: (stream) => stream.error(new Error('the network is gone')),
    });
    await expect(build(folder, { corpus: corpusOf(failing), overwrite: true })).rejects.toThrow('the network is gone');
    expect(readdirSync(folder).sort()).toEqual(['dataset.json', 'train_000001.bin', 'val_000000.bin']);
    expect(readFileSync(join(folder, 'train_000001.bin')).equals(before)).toBe(true);
  });

  it('refuses an empty corpus, validation that takes all of it, and impossible sizes', async () => {
    const folder = temporaryFolder();
    const none = corpusOf((async function* (): AsyncGenerator<DocumentPart> {})());
    await expect(build(folder, { corpus: none })).rejects.toThrow('expected documents with text, found none');
    const all = { validationTokens: expected.length };
    await expect(build(folder, all)).rejects.toThrow(`expected fewer validation tokens than the ${expected.length}`);
    await expect(build(folder, { shardTokens: 0 })).rejects.toThrow(
      'tokens a shard: expected 1 to 2147483647, found 0',
    );
    await expect(build(folder, { workers: 0 })).rejects.toThrow('workers: expected 1 or more, found 0');
    // a build that took longer than ten seconds keeps its place
    expect(readdirSync(folder).filter((name) => name !== '.building')).toEqual([]);
  });
});
