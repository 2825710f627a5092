/** @file Adds the losses of a micro-step to the step's total, which is reduced over ranks with the gradients. */

import { apply, input, type Operation } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

const sumLossesUpdate: Operation = {
  name: 'sum_losses',
  tensors: { inputs: ['losses'], updates: ['total'] },
  flops: (node) => elements(input(node).shape),
};

/** total += Σ losses, in index order. */
export function sumLosses(losses_BT: Tensor, total: Tensor): void {
  apply(losses_BT.graph, sumLossesUpdate, { inputs: [losses_BT], updates: [total] }, {});
}
