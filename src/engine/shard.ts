/**
 * @file The part of every bucket that one rank updates and keeps optimizer state for (ZeRO stage 1, Rajbhandari et al.
 * 2020). A buffer of the state holds this rank's stretches alone, one after another, of the groups that have it.
 */

import type { Graph } from './graph.ts';
import type { Bucket, ParameterGroup, ParameterLayout } from './layout.ts';
import type { OptimizerBuffer, Tensor } from './tensor.ts';

/** One of `size` equal parts. */
export interface Shard {
  readonly rank: number;
  readonly size: number;
}

/** All of it. */
export const WHOLE: Shard = { rank: 0, size: 1 };

export interface ShardStretch extends Bucket {
  /** Its first element in each buffer of its group's state. */
  readonly stateOffsets: ReadonlyMap<OptimizerBuffer, number>;
}

/** The slice of every bucket that a rank owns; by default, the rank the layout was made for. */
export function shardOf({ buckets, shard }: ParameterLayout, rank: number = shard.rank): readonly ShardStretch[] {
  const ends = new Map<OptimizerBuffer, number>();
  return buckets.map(({ offset, count, group }) => {
    const slice = count / shard.size;
    if (!Number.isInteger(slice))
      throw new RangeError(`a bucket of ${count} elements cannot be shared by ${shard.size} ranks`);
    const stateOffsets = new Map(group.state.map(({ buffer }) => [buffer, ends.get(buffer) ?? 0]));
    for (const [buffer, start] of stateOffsets) ends.set(buffer, start + slice);
    return { offset: offset + rank * slice, count: slice, group, stateOffsets };
  });
}

/** The rank with the most to update: the most elements of whole tensors, and among equals the most tensors. */
export function fullestRank(layout: ParameterLayout): number {
  const { buckets, places, shard } = layout;
  const held = Array.from({ length: shard.size }, () => ({ elements: 0, tensors: 0 }));
  for (const bucket of buckets.filter(({ group }) => group.isWhole))
    for (const { offset, count } of places.values()) {
      const rank = held[Math.floor((offset - bucket.offset) / (bucket.count / shard.size))];
      if (!rank) continue;
      rank.elements += count;
      rank.tensors++;
    }
  const [fullest] = [...held].sort((a, b) => b.elements - a.elements || b.tensors - a.tensors);
  return fullest ? held.indexOf(fullest) : 0;
}

/** `count` elements of a buffer of the state, from those of a stretch's element `start` on. */
export function stateRange(
  graph: Graph,
  { group, stateOffsets }: ShardStretch,
  buffer: OptimizerBuffer,
  { start, count }: { readonly start: number; readonly count: number },
): Tensor {
  const offset = stateOffsets.get(buffer);
  if (offset === undefined) throw new TypeError(`the group ${group.name} has no ${buffer}`);
  return graph.range(buffer, offset + start, count);
}

/** Elements of a buffer of the optimizer's state on each rank. */
export function stateElements({ buckets, shard }: ParameterLayout, buffer: OptimizerBuffer): number {
  const total = buckets.reduce((sum, { count, group }) => sum + (hasState(group, buffer) ? count : 0), 0);
  return total / shard.size;
}

function hasState({ state }: ParameterGroup, buffer: OptimizerBuffer): boolean {
  return state.some((each) => each.buffer === buffer);
}

/** A run of elements that one rank owns. */
export interface OwnedRun {
  /** From the first of the elements asked for. */
  readonly start: number;
  readonly count: number;
  /** First element in the owner's buffer. */
  readonly stateOffset: number;
}

/** Those of `count` elements from `offset` of the flat buffers for which a rank keeps a buffer of the optimizer's state. */
export function ownedRuns(
  layout: ParameterLayout,
  buffer: OptimizerBuffer,
  { offset, count }: { readonly offset: number; readonly count: number },
  rank: number = layout.shard.rank,
): OwnedRun[] {
  return shardOf(layout, rank).flatMap((stretch) => {
    const stateOffset = stretch.stateOffsets.get(buffer);
    const first = Math.max(offset, stretch.offset);
    const end = Math.min(offset + count, stretch.offset + stretch.count);
    if (stateOffset === undefined || end <= first) return [];
    return [{ start: first - offset, count: end - first, stateOffset: stateOffset + first - stretch.offset }];
  });
}
