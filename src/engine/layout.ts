/**
 * @file The one layout of the flat buffers: buckets in the order the backward pass completes them, so that a bucket can
 * be reduced while the pass is still running. Tensors that an optimizer treats differently never share a bucket; each
 * bucket is padded, so that ranks can own equal slices of it.
 */

import type { Graph } from './graph.ts';
import { type Shard, WHOLE } from './shard.ts';
import { elements, type OptimizerBuffer } from './tensor.ts';

export interface ParameterPlace {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in each flat buffer. */
  readonly offset: number;
  readonly count: number;
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

/** Alignment of every tensor, in elements: one 64-byte cache line. */
const TENSOR_ALIGNMENT = 16;
/** Every bucket is padded to a multiple of this many elements, and of a cache line for each rank that owns a slice. */
const BUCKET_ALIGNMENT = 1024;
/**
 * A bucket is closed once it holds this many elements (16 MB): large enough for full bandwidth, small enough to overlap. It
 * has less than twice as many.
 */
const BUCKET_ELEMENTS = 4 * 1024 * 1024;
/** Sums that travel with the gradients. */
const STATISTICS = ['loss', 'stop'] as const;

export type Statistic = (typeof STATISTICS)[number];

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

type GroupOf = (parameter: { readonly name: string; readonly shape: readonly number[] }) => ParameterGroup;

/** Of tensors that no optimizer updates. */
const NO_GROUP: ParameterGroup = { name: '', state: [] };

/** Tensors that share a bucket, and the index of the node that completes the last of them. */
interface Filling {
  readonly names: string[];
  readonly group: ParameterGroup;
  elements: number;
  completed: number;
}

/** Groups parameters in the order in which the last node that adds to their gradient runs. */
function groupByCompletion(graph: Graph, groupOf: GroupOf): Filling[] {
  const last = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const tensor of node.updates) if (tensor?.storage.kind === 'gradient') last.set(tensor.storage.name, index);
  });
  const inOrder = [...graph.parameters]
    .map(([name, { shape }]) => ({
      name,
      count: elements(shape),
      group: groupOf({ name, shape }),
      index: last.get(name) ?? 0,
    }))
    .sort((a, b) => a.index - b.index || a.count - b.count);

  const fillings: Filling[] = [];
  const open = new Map<string, Filling>();
  for (const { name, count, group, index } of inOrder) {
    let filling = open.get(group.name);
    // A tensor that fills buckets (wte) does not hold back those before it.
    if (!filling || filling.elements >= BUCKET_ELEMENTS || count >= BUCKET_ELEMENTS) {
      filling = { names: [], group, elements: 0, completed: 0 };
      fillings.push(filling);
      open.set(group.name, filling);
    }
    filling.names.push(name);
    filling.elements += count;
    filling.completed = index;
  }
  return fillings.sort((a, b) => a.completed - b.completed || a.elements - b.elements);
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

/** Tensors in a bucket, their offsets counted from its start, and the bucket's elements. */
interface Packed {
  readonly places: readonly ParameterPlace[];
  readonly count: number;
}

function packInOrder(tensors: readonly Omit<ParameterPlace, 'offset'>[], alignment: number): Packed {
  let end = 0;
  const places = tensors.map((tensor) => {
    const offset = end;
    end = alignUp(end + tensor.count, TENSOR_ALIGNMENT);
    return { ...tensor, offset };
  });
  return { places, count: alignUp(end, alignment) };
}

/** Each tensor in one of `slices` equal slices: the largest first, where there is most room. */
function packWhole(tensors: readonly Omit<ParameterPlace, 'offset'>[], slices: number): Packed {
  const ends = Array.from({ length: slices }, () => 0);
  const placed = [...tensors]
    .sort((a, b) => b.count - a.count)
    .map((tensor) => {
      const within = Math.min(...ends);
      const slice = ends.indexOf(within);
      ends[slice] = alignUp(within + tensor.count, TENSOR_ALIGNMENT);
      return { tensor, slice, within };
    });
  const size = alignUp(Math.max(...ends), BUCKET_ALIGNMENT);
  return {
    places: placed.map(({ tensor, slice, within }) => ({ ...tensor, offset: slice * size + within })),
    count: slices * size,
  };
}

/**
 * Lays out the parameters of a traced program: if it was differentiated, in the order in which its gradients are
 * completed.
 * @param groupOf default: all parameters are in one group, without state
 */
export function layoutParameters(graph: Graph, groupOf: GroupOf = () => NO_GROUP, shard = WHOLE): ParameterLayout {
  const bucketAlignment = alignUp(BUCKET_ALIGNMENT, TENSOR_ALIGNMENT * shard.size);
  const places = new Map<string, ParameterPlace>();
  const buckets: Bucket[] = [];
  let end = 0;
  for (const { names, group } of groupByCompletion(graph, groupOf)) {
    const tensors = names.map((name) => {
      const shape = graph.parameters.get(name)?.shape ?? [];
      return { name, shape, count: elements(shape) };
    });
    const packed = group.isWhole ? packWhole(tensors, shard.size) : packInOrder(tensors, bucketAlignment);
    for (const place of packed.places) places.set(place.name, { ...place, offset: end + place.offset });
    const bucket = { offset: end, count: packed.count, group };
    buckets.push(...(group.isWhole ? [bucket] : splitBucket(bucket, bucketAlignment)));
    end += packed.count;
  }

  const statistics = new Map(STATISTICS.map((name, index) => [name, end + index]));
  const gradientCount = alignUp(end + STATISTICS.length, BUCKET_ALIGNMENT);
  return { places, buckets, count: end, gradientCount, statistics, shard };
}
