/**
 * @file The one layout of the flat buffers: buckets in the order the backward pass completes them, so that a bucket can
 * be reduced while the pass is still running. Tensors that an optimizer treats differently never share a bucket; each
 * bucket is padded, so that ranks can own equal slices of it.
 */

import type { Graph } from './graph.ts';
import { alignUp, BUCKET_ALIGNMENT, bucketAlignment, packInOrder, packWhole, type Unplaced } from './packing.ts';
import { type Shard, WHOLE } from './shard.ts';
import { elements, type OptimizerBuffer } from './tensor.ts';

export interface ParameterPlace extends Unplaced {
  /** First element in each flat buffer. */
  readonly offset: number;
}

/** Parameters that an optimizer treats alike. */
export interface ParameterGroup {
  readonly name: string;
  /** The buffers of the optimizer's state that hold a number for each of them. */
  readonly state: readonly { readonly buffer: OptimizerBuffer }[];
  /** Whether each of its tensors belongs to one rank as a whole; else a rank's slice may begin in the middle of one. */
  readonly isWhole?: true;
}

export interface Bucket {
  readonly offset: number;
  readonly count: number;
  /** That of its tensors. */
  readonly group: ParameterGroup;
}

export interface ParameterLayout {
  readonly places: ReadonlyMap<string, ParameterPlace>;
  readonly buckets: readonly Bucket[];
  /** Elements of the buffer of parameters, padding included. */
  readonly count: number;
  /** Elements of the gradient buffer: the parameters', then the statistics. */
  readonly gradientCount: number;
  /** Offsets of the statistics, in elements of the gradient buffer. */
  readonly statistics: ReadonlyMap<Statistic, number>;
  /** The part of each bucket for which this rank keeps the optimizer's state. */
  readonly shard: Shard;
}

/**
 * A bucket is closed once it holds this many elements (16 MB): large enough for full bandwidth, small enough to overlap. It
 * has less than twice as many.
 */
const BUCKET_ELEMENTS = 4 * 1024 * 1024;
/** A bucket of whole tensors is closed once no more than this part of them is added as padding, too. */
const MAX_PADDING = 0.1;
/** Sums that travel with the gradients. */
const STATISTICS = ['loss', 'stop'] as const;

export type Statistic = (typeof STATISTICS)[number];

type GroupOf = (parameter: { readonly name: string; readonly shape: readonly number[] }) => ParameterGroup;

/** Of tensors that no optimizer updates. */
const NO_GROUP: ParameterGroup = { name: '', state: [] };

/** Tensors that share a bucket, and the index of the node that completes the last of them. */
interface Filling {
  readonly group: ParameterGroup;
  readonly tensors: Unplaced[];
  elements: number;
  completed: number;
}

/** Groups parameters in the order in which the last node that adds to their gradient runs. */
function groupByCompletion(graph: Graph, groupOf: GroupOf, slices: number): Filling[] {
  const last = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const tensor of node.updates) if (tensor?.storage.kind === 'gradient') last.set(tensor.storage.name, index);
  });
  const inOrder = [...graph.parameters]
    .map(([name, { shape }]) => ({
      tensor: { name, shape, count: elements(shape) },
      group: groupOf({ name, shape }),
      index: last.get(name) ?? 0,
    }))
    .sort((a, b) => a.index - b.index || a.tensor.count - b.tensor.count);

  const fillings: Filling[] = [];
  const open = new Map<string, Filling>();
  for (const { tensor, group, index } of inOrder) {
    let filling = open.get(group.name);
    // A tensor that fills buckets (wte) does not hold back those before it.
    const fillsBuckets = !group.isWhole && tensor.count >= BUCKET_ELEMENTS;
    if (!filling || isFull(filling, slices) || fillsBuckets) {
      filling = { group, tensors: [], elements: 0, completed: 0 };
      fillings.push(filling);
      open.set(group.name, filling);
    }
    filling.tensors.push(tensor);
    filling.elements += tensor.count;
    filling.completed = index;
  }
  return fillings.sort((a, b) => a.completed - b.completed || a.elements - b.elements);
}

function isFull({ group, tensors, elements: held }: Filling, slices: number): boolean {
  if (held < BUCKET_ELEMENTS) return false;
  return !group.isWhole || packWhole(tensors, slices).count <= (1 + MAX_PADDING) * held;
}

/** A bucket in pieces of about `BUCKET_ELEMENTS`: of the token table, too, only some is on its way at once. */
function splitBucket({ offset, count, group }: Bucket, alignment: number): Bucket[] {
  const pieces = Math.floor(count / BUCKET_ELEMENTS) || 1;
  const size = alignUp(count / pieces, alignment);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => ({
    offset: offset + index * size,
    count: Math.min(size, count - index * size),
    group,
  }));
}

/**
 * Lays out the parameters of a traced program: if it was differentiated, in the order in which its gradients are
 * completed.
 * @param groupOf default: all parameters are in one group, without state
 */
export function layoutParameters(graph: Graph, groupOf: GroupOf = () => NO_GROUP, shard = WHOLE): ParameterLayout {
  const places = new Map<string, ParameterPlace>();
  const buckets: Bucket[] = [];
  let end = 0;
  for (const { group, tensors } of groupByCompletion(graph, groupOf, shard.size)) {
    const packed = group.isWhole ? packWhole(tensors, shard.size) : packInOrder(tensors, shard.size);
    for (const place of packed.places) places.set(place.name, { ...place, offset: end + place.offset });
    const bucket = { offset: end, count: packed.count, group };
    buckets.push(...(group.isWhole ? [bucket] : splitBucket(bucket, bucketAlignment(shard.size))));
    end += packed.count;
  }

  const statistics = new Map(STATISTICS.map((name, index) => [name, end + index]));
  const gradientCount = alignUp(end + STATISTICS.length, BUCKET_ALIGNMENT);
  return { places, buckets, count: end, gradientCount, statistics, shard };
}
