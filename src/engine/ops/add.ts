/** @file Sum of two tensors of the residual stream; where a tensor has two readers, their gradients meet here. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const addition: Operation = {
  name: 'add',
  constants: (node) => ({ integers: [extent(output(node), -1)] }),
  flops: (node) => elements(input(node).shape),
  backward: (_node, [gradient]) => [gradient, gradient],
};

/** a + b, both float32 [B, T, C]. */
export function add(a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== 'float32' || b.dtype !== 'float32') throw new TypeError('add takes float32 tensors');
  return output(apply(a.graph, addition, { inputs: [a, b], outputs: [{ shape: a.shape, dtype: 'float32' }] }));
}
