/** @file Shards of several folders as one data set, without copying them where the disk allows it. */
import { constants, copyFile, link } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { exists, writeFolderAtomic } from '../../support/files.ts';
import { openDataset } from '../shards/dataset.ts';
import { type DatasetDescription, GPT2_TOKENIZER, writeDescription } from '../shards/dataset-description.ts';
import { OWN_NAMING, shardName } from '../shards/shard-names.ts';

/** A shard and the folder it is in. */
interface PlacedShard {
  readonly folder: string;
  readonly shard: DatasetDescription['shards'][number];
}

/**
 * Makes one data set of several: the validation shards of all folders, then their training shards, each in the order of the
 * folders. So merging in groups, and then the groups, gives the same as merging all at once.
 * @param out a folder that is not there yet.
 * @throws UserError when `out` is there, a folder holds no data set of `minillm data`, or two hold the same shard.
 */
export async function mergeDatasets(folders: readonly string[], out: string): Promise<DatasetDescription> {
  if (await exists(out)) throw new UserError(`${out}: expected a new folder, found one that is there; choose another`);
  const descriptions: DatasetDescription[] = [];
  for (const folder of folders) descriptions.push(await describe(folder));
  const placed = folders.flatMap((folder, i) => descriptions[i]!.shards.map((shard) => ({ folder, shard })));
  checkDistinct(placed);
  const ordered = [
    ...placed.filter(({ shard }) => shard.split === 'validation'),
    ...placed.filter(({ shard }) => shard.split === 'train'),
  ];
  const shards = ordered.map(({ shard }, number) => {
    const extension = extname(shard.name) === '.npy' ? 'npy' : 'bin';
    return { ...shard, name: shardName(shard.split, number, { ...OWN_NAMING, extension }) };
  });
  const sum = (count: (description: DatasetDescription) => number): number =>
    descriptions.reduce((total, description) => total + count(description), 0);
  const merged: DatasetDescription = {
    formatVersion: 1,
    source: [...new Set(descriptions.map(({ source }) => source))].join('; '),
    tokenizer: GPT2_TOKENIZER,
    documents: sum(({ documents }) => documents),
    validationTokens: sum(({ validationTokens }) => validationTokens),
    trainTokens: sum(({ trainTokens }) => trainTokens),
    shards,
  };
  await writeFolderAtomic(out, async (folder) => {
    for (const [i, { folder: from, shard }] of ordered.entries()) {
      await linkOrCopy(join(from, shard.name), join(folder, shards[i]!.name));
    }
    await writeDescription(folder, merged);
  });
  return merged;
}

/** The description of a folder, after its shards were found to be there and of the lengths it says. */
async function describe(folder: string): Promise<DatasetDescription> {
  const { description, close } = await openDataset(folder);
  close();
  if (description === undefined)
    throw new UserError(`${folder}: expected dataset.json beside the shards, found none; make it with minillm data`);
  if (description.tokenizer.name !== GPT2_TOKENIZER.name)
    throw new UserError(`${folder}: expected tokens of gpt2, found those of ${description.tokenizer.name}`);
  return description;
}

function checkDistinct(placed: readonly PlacedShard[]): void {
  const seen = new Map<string, string>();
  for (const { folder, shard } of placed) {
    const path = join(folder, shard.name);
    const earlier = seen.get(shard.sha256);
    if (earlier !== undefined)
      throw new UserError(`${path}: expected other shards than before, found the same tokens as in ${earlier}`);
    seen.set(shard.sha256, path);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    // another disk, or one without hard links; where it can, the system shares the blocks
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
