/** @file Which files in a data folder are shards, and of which split. */

export type Split = 'train' | 'validation';

/**
 * The split a file name says: `val` or `train` as one of its words, as in `val_000000.bin`, `fineweb_train_000001.bin`
 * (llm.c), `edufineweb_val_000000.npy` (build-nanogpt). Undefined for a file that is no shard.
 */
export function splitOfShard(name: string): Split | undefined {
  const stem = /^([^.].*)\.(bin|npy)$/.exec(name)?.[1];
  const words = stem?.split('_') ?? [];
  if (words.includes('val')) return 'validation';
  return words.includes('train') ? 'train' : undefined;
}

/** How the shards of a build are called and written. */
export interface ShardNaming {
  /** What stands before the split. */
  readonly prefix: string;
  readonly extension: 'bin' | 'npy';
}

/** `val_000000.bin`, `train_000001.bin`, … */
export const OWN_NAMING: ShardNaming = { prefix: '', extension: 'bin' };

/** `edufineweb_val_000000.npy`, …: the files of build-nanogpt's `fineweb.py`. */
export const BUILD_NANOGPT_NAMING: ShardNaming = { prefix: 'edufineweb_', extension: 'npy' };

/** The name of the shard of that number, counted through validation and training: `train_000001.bin`. */
export function shardName(split: Split, number: number, { prefix, extension } = OWN_NAMING): string {
  return `${prefix}${split === 'train' ? 'train' : 'val'}_${String(number).padStart(6, '0')}.${extension}`;
}
