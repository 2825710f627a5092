/**
 * @file Sums over ranks: each starts as soon as its numbers are complete and runs alongside the kernels that follow;
 * `waitForSums` waits for them.
 */

import type { Graph } from '../graph.ts';
import { apply, type Operation, updated } from '../operation.ts';
import { SUM_TYPES } from '../runtime/communicator.ts';
import { elements, type Tensor } from '../tensor.ts';

const allReduceUpdate: Operation = {
  name: 'all_reduce',
  tensors: { updates: ['values'] },
  isCollective: true,
  sizes: (node) => {
    const { shape, dtype } = updated(node);
    return { count: elements(shape), type: SUM_TYPES[dtype === 'float64' ? 'float64' : 'float32'] };
  },
  flops: () => 0,
};

const waitOperation: Operation = { name: 'wait_for_sums', tensors: {}, isCollective: true, flops: () => 0 };

/**
 * Starts values = Σ values over ranks, in place; does nothing in a world of one. No kernel may touch them before
 * `waitForSums`.
 *
 * @param values float32 or float64, a stretch of a flat buffer or a small tensor
 */
export function allReduce(values: Tensor): void {
  apply(values.graph, allReduceUpdate, { updates: [values] }, {});
}

/** Waits until every sum started in this program or an earlier one has finished. */
export function waitForSums(graph: Graph): void {
  apply(graph, waitOperation, {}, {});
}
