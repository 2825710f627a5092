/**
 * @file Numbers that travel with the gradients and are summed over micro-steps and ranks: adding to them, and taking the
 * totals.
 */

import type { Graph } from '../graph.ts';
import type { ParameterLayout } from '../layout.ts';
import { apply, type Operation, output, updated } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

const addToStatistic: Operation = {
  name: 'add_to_statistic',
  tensors: { inputs: ['value'], updates: ['total'] },
  flops: () => 1,
};

const takeStatisticsUpdate: Operation = {
  name: 'take_statistics',
  tensors: { outputs: ['taken'], updates: ['statistics'] },
  sizes: (node) => ({ count: elements(updated(node).shape) }),
  flops: () => 0,
};

/** total += value, both float32 scalars. */
export function addStatistic(value: Tensor, total: Tensor): void {
  apply(value.graph, addToStatistic, { inputs: [value], updates: [total] }, {});
}

/** All statistics of a layout, float32 [S] in its order; resets them to 0. */
export function takeStatistics(graph: Graph, layout: ParameterLayout): Tensor {
  const statistics = graph.range('gradients', layout.count, layout.statistics.size);
  const { shape, dtype } = statistics;
  return output(apply(graph, takeStatisticsUpdate, { outputs: [{ shape, dtype }], updates: [statistics] }, {}));
}
