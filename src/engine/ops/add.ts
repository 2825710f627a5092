/** @file The residual stream and what a block adds to it; where a tensor has two readers, their gradients meet here. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor, typeCode } from '../tensor.ts';

const addition: Operation = {
  name: 'add',
  tensors: { inputs: ['a', 'b'], outputs: ['sum'] },
  sizes: (node) => ({ channels: extent(output(node), -1), bType: typeCode(input(node, 1)) }),
  flops: (node) => elements(input(node).shape),
  backward: (_node, [gradient]) => [gradient, gradient],
};

/**
 * a + b, float32 [B, T, C].
 *
 * @param b the output of a block: float32 or the activation type
 */
export function add(a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== 'float32') throw new TypeError(`expected the residual stream in float32, found ${a.dtype}`);
  return output(apply(a.graph, addition, { inputs: [a, b], outputs: [{ shape: a.shape, dtype: 'float32' }] }, {}));
}
