/** @file A folder of shards, open for reading. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { type DatasetDescription, DESCRIPTION_NAME, readDescription } from './dataset-description.ts';
import { Shard } from './shard.ts';
import { type Split, splitOfShard } from './shard-names.ts';

/** The shards of one split, in the order of their names. */
export class ShardSet {
  readonly shards: readonly Shard[];
  readonly tokenCount: number;

  constructor(shards: readonly Shard[]) {
    this.shards = shards;
    this.tokenCount = shards.reduce((sum, shard) => sum + shard.tokenCount, 0);
  }
}

export interface Dataset {
  readonly train: ShardSet;
  readonly validation: ShardSet;
  /** What `dataset.json` says, where there is one. */
  readonly description: DatasetDescription | undefined;
  /** Closes every shard. */
  close(): void;
}

/**
 * Opens every shard in a folder. A split the folder does not have is an empty set.
 * @throws UserError when the folder is missing or holds no shard, a shard is damaged, or the shards are not those that
 * `dataset.json` lists.
 */
export async function openDataset(folder: string): Promise<Dataset> {
  const names = await shardNames(folder);
  const description = await readDescription(folder);
  const opened: Shard[] = [];
  const closeAll = () => {
    for (const shard of opened) shard.close();
  };
  try {
    const openSplit = (split: Split) => {
      const shards = names.filter((name) => splitOfShard(name) === split).map((name) => new Shard(join(folder, name)));
      opened.push(...shards);
      return new ShardSet(shards);
    };
    const train = openSplit('train');
    const validation = openSplit('validation');
    if (description !== undefined) checkAgainst(description, folder, names, opened);
    return { train, validation, description, close: closeAll };
  } catch (cause) {
    closeAll();
    throw cause;
  }
}

/** The names of the shards in a folder, sorted. */
async function shardNames(folder: string): Promise<string[]> {
  let entries: string[];
  try {
    entries = await readdir(folder);
  } catch {
    throw new UserError(`${folder}: expected a folder of token shards, found none; make one with minillm data`);
  }
  const names = entries.filter((name) => splitOfShard(name) !== undefined).sort();
  if (names.length === 0) {
    throw new UserError(
      `${folder}: expected shards named train_*.bin and val_*.bin (or .npy), found none; make them with minillm data`,
    );
  }
  return names;
}

function checkAgainst(description: DatasetDescription, folder: string, names: string[], opened: Shard[]): void {
  const path = join(folder, DESCRIPTION_NAME);
  const tokenCounts = new Map(opened.map((shard) => [shard.path, shard.tokenCount]));
  for (const { name, tokens } of description.shards) {
    const found = tokenCounts.get(join(folder, name));
    if (found === undefined)
      throw new UserError(`${path}: lists shard ${name}, which is missing; build the data again`);
    if (found !== tokens) {
      throw new UserError(`${path}: says shard ${name} holds ${tokens} tokens, found ${found}; build the data again`);
    }
  }
  const listed = new Set(description.shards.map((shard) => shard.name));
  const stranger = names.find((name) => !listed.has(name));
  if (stranger !== undefined) {
    throw new UserError(`${path}: does not list shard ${stranger}; move it away, or remove dataset.json to use it`);
  }
}
