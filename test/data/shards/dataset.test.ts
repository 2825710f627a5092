import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { GPT2_TOKENIZER, writeDescription } from '#minillm/data/shards/dataset-description.js';
import { splitOfShard } from '#minillm/data/shards/shard-names.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeBin, writeNpy } from '../shard-files.ts';

const sha256 = '0'.repeat(64);

const description = {
  formatVersion: 1 as const,
  source: 'a test',
  tokenizer: GPT2_TOKENIZER,
  documents: 1,
  validationTokens: 0,
  trainTokens: 3,
  shards: [{ name: 'train_000001.bin', split: 'train' as const, tokens: 3, sha256 }],
};

describe('the split of a file', () => {
  it.each([
    ['val_000000.bin', 'validation'],
    ['train_000001.bin', 'train'],
    ['edufineweb_val_000000.npy', 'validation'],
    ['fineweb_train_000012.bin', 'train'],
    ['tiny_shakespeare_val.bin', 'validation'],
    ['train.bin', 'train'],
    ['training_000001.bin', undefined],
    ['validity.npy', undefined],
    ['val_000000.txt', undefined],
    ['.train_000001.bin', undefined],
    ['dataset.json', undefined],
  ])('%s is %s', (name, split) => {
    expect(splitOfShard(name)).toBe(split);
  });
});

describe('openDataset', () => {
  it('opens every shard of either format, each split in the order of its names', async () => {
    const folder = temporaryFolder();
    await writeBin(join(folder, 'fineweb_train_000002.bin'), [4, 5]);
    await writeBin(join(folder, 'fineweb_train_000001.bin'), [1, 2, 3]);
    writeNpy(join(folder, 'edufineweb_val_000000.npy'), [7]);
    writeFileSync(join(folder, 'readme.txt'), 'other files are left alone');
    const dataset = await openDataset(folder);
    expect(dataset.train.shards.map((shard) => [...shard.read(0, shard.tokenCount)])).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(dataset.train.tokenCount).toBe(5);
    expect(dataset.validation.tokenCount).toBe(1);
    expect(dataset.description).toBeUndefined();
    dataset.close();
  });

  it('reads dataset.json and holds the shards against it', async () => {
    const folder = temporaryFolder();
    await writeBin(join(folder, 'train_000001.bin'), [1, 2, 3]);
    await writeDescription(folder, description);
    const dataset = await openDataset(folder);
    expect(dataset.description).toEqual(description);
    dataset.close();

    await writeBin(join(folder, 'train_000002.bin'), [1]);
    await expect(openDataset(folder)).rejects.toThrow('does not list shard train_000002.bin');
    rmSync(join(folder, 'train_000002.bin'));

    await writeBin(join(folder, 'train_000001.bin'), [1, 2]);
    await expect(openDataset(folder)).rejects.toThrow('says shard train_000001.bin holds 3 tokens, found 2');

    await writeBin(join(folder, 'train_000007.bin'), [1]);
    rmSync(join(folder, 'train_000001.bin'));
    await expect(openDataset(folder)).rejects.toThrow('lists shard train_000001.bin, which is missing');
  });

  it('refuses a dataset.json that is not as it should be, naming the field', async () => {
    const folder = temporaryFolder();
    await writeBin(join(folder, 'train_000001.bin'), [1, 2, 3]);
    writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ ...description, trainTokens: -1 }));
    await expect(openDataset(folder)).rejects.toThrow(/dataset\.json: trainTokens: /);
    writeFileSync(join(folder, 'dataset.json'), '{');
    await expect(openDataset(folder)).rejects.toThrow(/dataset\.json: expected JSON/);
  });

  it('says what to do when the folder is missing or holds no shard', async () => {
    const folder = temporaryFolder();
    await expect(openDataset(join(folder, 'nowhere'))).rejects.toThrow(
      'nowhere: expected a folder of token shards, found none; make one with minillm data',
    );
    await expect(openDataset(folder)).rejects.toThrow('expected shards named train_*.bin and val_*.bin');
  });
});
