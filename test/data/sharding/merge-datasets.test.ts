import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeDatasets } from '#minillm/data/sharding/merge-datasets.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { type DatasetDescription, GPT2_TOKENIZER, writeDescription } from '#minillm/data/shards/dataset-description.js';
import { splitOfShard } from '#minillm/data/shards/shard-names.js';
import { ShardWriter } from '#minillm/data/shards/shard-writer.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A folder of shards whose tokens begin with `first`. */
async function shards(first: number, names: string[]): Promise<string> {
  const folder = temporaryFolder();
  const written: DatasetDescription['shards'] = [];
  for (const [i, name] of names.entries()) {
    const writer = await ShardWriter.create(join(folder, name), 100);
    await writer.append(Uint16Array.from({ length: 100 }, (_, at) => first + 10 * i + at));
    const { sha256, tokens } = await writer.close();
    written.push({ name, split: splitOfShard(name)!, tokens, sha256 });
  }
  const count = (split: string) => 100 * written.filter((shard) => shard.split === split).length;
  await writeDescription(folder, {
    formatVersion: 1,
    source: 'a test',
    tokenizer: GPT2_TOKENIZER,
    documents: 7,
    shards: written,
    validationTokens: count('validation'),
    trainTokens: count('train'),
  });
  return folder;
}

const three = async () => [
  await shards(1000, ['val_000000.bin', 'train_000001.bin', 'train_000002.bin']),
  await shards(2000, ['train_000000.npy']),
  await shards(3000, ['val_000000.bin', 'train_000001.bin']),
];

const target = () => join(temporaryFolder(), 'merged');

describe('merging data sets', () => {
  it('puts validation first, then training, in the order of the folders, and links the files', async () => {
    const [first, second, third] = (await three()) as [string, string, string];
    const out = target();
    const description = await mergeDatasets([first, second, third], out);
    expect(description).toMatchObject({ documents: 21, validationTokens: 200, trainTokens: 400, source: 'a test' });
    const dataset = await openDataset(out);
    dataset.close();
    expect(dataset.description).toEqual(description);
    const origins = [
      ['val_000000.bin', first, 'val_000000.bin'],
      ['val_000001.bin', third, 'val_000000.bin'],
      ['train_000002.bin', first, 'train_000001.bin'],
      ['train_000003.bin', first, 'train_000002.bin'],
      ['train_000004.npy', second, 'train_000000.npy'],
      ['train_000005.bin', third, 'train_000001.bin'],
    ] as const;
    expect(description.shards.map(({ name }) => name)).toEqual(origins.map(([name]) => name));
    for (const [name, folder, origin] of origins) {
      expect(statSync(join(out, name)).ino).toBe(statSync(join(folder, origin)).ino);
    }
  });

  it('gives the same in any grouping', async () => {
    const [first, second, third] = (await three()) as [string, string, string];
    const [all, left, right, pair, otherPair] = [target(), target(), target(), target(), target()];
    const whole = await mergeDatasets([first, second, third], all);
    await mergeDatasets([first, second], pair);
    expect(await mergeDatasets([pair, third], left)).toEqual(whole);
    await mergeDatasets([second, third], otherPair);
    expect(await mergeDatasets([first, otherPair], right)).toEqual(whole);
    for (const { name } of whole.shards) {
      expect(readFileSync(join(left, name)).equals(readFileSync(join(all, name)))).toBe(true);
    }
  });

  it('refuses a folder that is there, shards without dataset.json, and the same shards twice', async () => {
    const [first] = (await three()) as [string];
    await expect(mergeDatasets([first], temporaryFolder())).rejects.toThrow('expected a new folder');
    await expect(mergeDatasets([temporaryFolder()], target())).rejects.toThrow('expected shards named');
    await expect(mergeDatasets([first, first], target())).rejects.toThrow('found the same tokens as in');
  });
});
