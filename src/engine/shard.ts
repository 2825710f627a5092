/**
 * @file The part of every bucket that one rank updates and keeps optimizer state for (ZeRO stage 1, Rajbhandari et al.
 * 2020).
 */

import type { Bucket, ParameterLayout } from './layout.ts';

export interface ShardStretch extends Bucket {
  /** First element in the buffers of the optimizer's state, which hold only this rank's stretches, one after another. */
  readonly stateOffset: number;
}

/** The rank's slice of every bucket; all of it in a world of one. Buckets are padded, so that slices are equal. */
export function shardOf({ buckets }: ParameterLayout, rank = 0, size = 1): readonly ShardStretch[] {
  let stateOffset = 0;
  return buckets.map(({ offset, count, group }) => {
    const slice = count / size;
    if (!Number.isInteger(slice))
      throw new RangeError(`a bucket of ${count} elements cannot be shared by ${size} ranks`);
    const stretch = { offset: offset + rank * slice, count: slice, group, stateOffset };
    stateOffset += slice;
    return stretch;
  });
}
