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

/** The name of the shard of that number, counted through validation and training: `train_000001.bin`. */
export function shardName(split: Split, number: number): string {
  return `${split === 'train' ? 'train' : 'val'}_${String(number).padStart(6, '0')}.bin`;
}
