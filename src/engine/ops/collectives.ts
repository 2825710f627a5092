/**
 * @file Collectives over ranks: each starts as soon as its numbers are complete and runs alongside the kernels that
 * follow; `waitForCollectives` waits for them. No kernel may touch the numbers in between. In a world of one they do
 * nothing.
 */

import type { Graph } from '../graph.ts';
import { apply, type Operation, updated } from '../operation.ts';
import { COLLECTIVES, type Collective, ELEMENT_TYPES } from '../runtime/communicator.ts';
import { elements, type Tensor } from '../tensor.ts';

const beginOperation: Operation<{ readonly collective: Collective }> = {
  name: 'begin_collective',
  tensors: { updates: ['values'] },
  isCollective: true,
  sizes: (node) => {
    const { shape, dtype } = updated(node);
    return {
      collective: COLLECTIVES[node.attributes.collective],
      count: elements(shape),
      type: ELEMENT_TYPES[dtype === 'float64' ? 'float64' : 'float32'],
    };
  },
  flops: () => 0,
};

const waitOperation: Operation = { name: 'wait_for_collectives', tensors: {}, isCollective: true, flops: () => 0 };

/**
 * Starts a collective on the values, in place.
 * @param values float32 or float64: a stretch of a flat buffer, or a small tensor. A collective of slices needs a multiple
 * of the number of ranks.
 */
export function beginCollective(collective: Collective, values: Tensor): void {
  apply(values.graph, beginOperation, { updates: [values] }, { collective });
}

/** Waits until every collective started in this program or an earlier one has finished. */
export function waitForCollectives(graph: Graph): void {
  apply(graph, waitOperation, {}, {});
}
