/**
 * @file The one layout of the flat buffers: buckets in the order the backward pass completes them, so that a bucket can
 * be reduced while the pass is still running. Tensors that an optimizer treats differently never share a bucket; each
 * bucket is padded, so that ranks can own equal slices of it.
 */

import type { Graph } from './graph.ts';
import { type Shard, WHOLE } from './shard.ts';
import { elements } from './tensor.ts';

export interface ParameterPlace {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in each flat buffer. */
  readonly offset: number;
  readonly count: number;
}

export interface Bucket {
  readonly offset: number;
  readonly count: number;
  /** The group key that its tensors share. */
  readonly group: string;
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

type GroupOf = (parameter: { readonly name: string; readonly shape: readonly number[] }) => string;

/** Tensors that share a bucket, and the index of the node that completes the last of them. */
interface Group {
  readonly names: string[];
  readonly key: string;
  elements: number;
  completed: number;
}

/** Groups parameters in the order in which the last node that adds to their gradient runs. */
function groupByCompletion(graph: Graph, groupOf: GroupOf): Group[] {
  const last = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const tensor of node.updates) if (tensor?.storage.kind === 'gradient') last.set(tensor.storage.name, index);
  });
  const inOrder = [...graph.parameters]
    .map(([name, { shape }]) => ({
      name,
      count: elements(shape),
      key: groupOf({ name, shape }),
      index: last.get(name) ?? 0,
    }))
    .sort((a, b) => a.index - b.index || a.count - b.count);

  const groups: Group[] = [];
  const open = new Map<string, Group>();
  for (const { name, count, key, index } of inOrder) {
    let group = open.get(key);
    // A tensor that fills buckets (wte) does not hold back those before it.
    if (!group || group.elements >= BUCKET_ELEMENTS || count >= BUCKET_ELEMENTS) {
      group = { names: [], key, elements: 0, completed: 0 };
      groups.push(group);
      open.set(key, group);
    }
    group.names.push(name);
    group.elements += count;
    group.completed = index;
  }
  return groups.sort((a, b) => a.completed - b.completed || a.elements - b.elements);
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
 * @param groupOf the key of a parameter's group; default: all are in one group
 */
export function layoutParameters(graph: Graph, groupOf: GroupOf = () => '', shard = WHOLE): ParameterLayout {
  const bucketAlignment = alignUp(BUCKET_ALIGNMENT, TENSOR_ALIGNMENT * shard.size);
  const places = new Map<string, ParameterPlace>();
  const buckets: Bucket[] = [];
  let end = 0;
  for (const { names, key: group } of groupByCompletion(graph, groupOf)) {
    const offset = end;
    for (const name of names) {
      const shape = graph.parameters.get(name)?.shape ?? [];
      const count = elements(shape);
      places.set(name, { name, shape, offset: end, count });
      end = alignUp(end + count, TENSOR_ALIGNMENT);
    }
    end = alignUp(end, bucketAlignment);
    buckets.push(...splitBucket({ offset, count: end - offset, group }, bucketAlignment));
  }

  const statistics = new Map(STATISTICS.map((name, index) => [name, end + index]));
  const gradientCount = alignUp(end + STATISTICS.length, BUCKET_ALIGNMENT);
  return { places, buckets, count: end, gradientCount, statistics, shard };
}
