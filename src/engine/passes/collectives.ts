/**
 * @file Places the sums over ranks into a differentiated program: each right after the last kernel that adds to its
 * bucket, so that it overlaps with the kernels that follow.
 */

import type { Graph, Node } from '../graph.ts';
import type { ParameterLayout } from '../layout.ts';
import { beginCollective } from '../ops/collectives.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Adds one sum per bucket, and one for the statistics after them. Where each rank owns a part of the optimizer's state,
 * it gets the sum of its slice of a bucket alone.
 * @param overlap whether sums start during the backward pass, or all of them after it
 */
export function insertCollectives(graph: Graph, layout: ParameterLayout, overlap = true): void {
  const statistics = { offset: layout.count, count: layout.gradientCount - layout.count };
  const stretches = [...layout.buckets, statistics];
  const lastWriter = new Map<number, number>();
  graph.nodes.forEach((node, index) => {
    for (const tensor of node.updates) {
      const written = tensor && findPlace(tensor, layout);
      if (written === undefined) continue;
      stretches.forEach(({ offset, count }, bucket) => {
        if (written.offset < offset + count && offset < written.offset + written.count) lastWriter.set(bucket, index);
      });
    }
  });

  const after = new Map<number, Node[]>();
  stretches.forEach(({ offset, count }, bucket) => {
    const writer = lastWriter.get(bucket);
    if (writer === undefined) return;
    const collective = layout.shard.size > 1 && bucket < layout.buckets.length ? 'reduceScatter' : 'allReduce';
    const { nodes } = graph.capture(() => beginCollective(collective, graph.range('gradients', offset, count)));
    const place = overlap ? writer : graph.nodes.length - 1;
    after.set(place, [...(after.get(place) ?? []), ...nodes]);
  });
  graph.nodes = graph.nodes.flatMap((node, index) => [node, ...(after.get(index) ?? [])]);
}

/** The elements of the gradient buffer that a tensor is; undefined for other tensors. */
function findPlace(
  { storage }: Tensor,
  { places, statistics }: ParameterLayout,
): { readonly offset: number; readonly count: number } | undefined {
  if (storage.kind === 'gradient') return places.get(storage.name);
  const offset = storage.kind === 'statistic' ? statistics.get(storage.name) : undefined;
  return offset === undefined ? undefined : { offset, count: 1 };
}
