/**
 * @file The part of every bucket that one rank updates and keeps optimizer state for (ZeRO stage 1, Rajbhandari et al.
 * 2020). The buffers of the state hold only this rank's stretches, one after another.
 */

import type { Bucket, ParameterLayout } from './layout.ts';

/** One of `size` equal parts. */
export interface Shard {
  readonly rank: number;
  readonly size: number;
}

/** All of it. */
export const WHOLE: Shard = { rank: 0, size: 1 };

export interface ShardStretch extends Bucket {
  /** First element in the buffers of the optimizer's state. */
  readonly stateOffset: number;
}

/** The slice of every bucket that a rank owns; by default, the rank the layout was made for. */
export function shardOf({ buckets, shard }: ParameterLayout, rank: number = shard.rank): readonly ShardStretch[] {
  let stateOffset = 0;
  return buckets.map(({ offset, count, group }) => {
    const slice = count / shard.size;
    if (!Number.isInteger(slice))
      throw new RangeError(`a bucket of ${count} elements cannot be shared by ${shard.size} ranks`);
    const stretch = { offset: offset + rank * slice, count: slice, group, stateOffset };
    stateOffset += slice;
    return stretch;
  });
}

/** A run of elements that one rank owns. */
export interface OwnedRun {
  /** From the first of the elements asked for. */
  readonly start: number;
  readonly count: number;
  /** First element in the owner's buffers of the optimizer's state. */
  readonly stateOffset: number;
}

/** Those of `count` elements from `offset` of the flat buffers that a rank owns. */
export function ownedRuns(
  layout: ParameterLayout,
  { offset, count }: { readonly offset: number; readonly count: number },
  rank: number = layout.shard.rank,
): OwnedRun[] {
  return shardOf(layout, rank).flatMap((stretch) => {
    const first = Math.max(offset, stretch.offset);
    const end = Math.min(offset + count, stretch.offset + stretch.count);
    if (end <= first) return [];
    return [{ start: first - offset, count: end - first, stateOffset: stretch.stateOffset + first - stretch.offset }];
  });
}
