/**
 * @file Places the sums over ranks into a differentiated program: each right after the last kernel that adds to its
 * bucket.
 */

import type { Graph, Node } from '../graph.ts';
import type { ParameterLayout } from '../layout.ts';
import { allReduce } from '../ops/all-reduce.ts';

/** Adds one all-reduce per bucket, and one for the statistics after them. */
export function insertCollectives(graph: Graph, layout: ParameterLayout): void {
  const stretches = [...layout.buckets, { offset: layout.count, count: layout.gradientCount - layout.count }];
  const bucketOf = (element: number): number =>
    stretches.findIndex(({ offset, count }) => element >= offset && element < offset + count);

  const lastWriter = new Map<number, number>();
  graph.nodes.forEach((node, index) => {
    for (const tensor of node.updates) {
      const offset =
        tensor?.storage.kind === 'gradient'
          ? layout.places.get(tensor.storage.name)?.offset
          : tensor?.storage.kind === 'statistic'
            ? layout.statistics.get(tensor.storage.name)
            : undefined;
      if (offset !== undefined) lastWriter.set(bucketOf(offset), index);
    }
  });

  const after = new Map<number, Node[]>();
  stretches.forEach(({ offset, count }, bucket) => {
    const writer = lastWriter.get(bucket);
    if (writer === undefined) return;
    const { nodes } = graph.capture(() => allReduce(graph.range('gradients', offset, count)));
    after.set(writer, [...(after.get(writer) ?? []), ...nodes]);
  });
  graph.nodes = graph.nodes.flatMap((node, index) => [node, ...(after.get(index) ?? [])]);
}
