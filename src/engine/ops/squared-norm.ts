/** @file The sum of squares of the gradients. Ranks add theirs up; the root of the total is the global L2 norm. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

const squaredNormForward: Operation = {
  name: 'squared_norm',
  tensors: { inputs: ['gradients'], outputs: ['squaredNorm'] },
  sizes: (node) => ({ count: elements(input(node).shape) }),
  flops: (node) => 2 * elements(input(node).shape),
};

/** Σ g² over a stretch of the gradient buffer (padding is zero), a float64 scalar. */
export function squaredNorm(gradients: Tensor): Tensor {
  const scalar = { shape: [], dtype: 'float64' } as const;
  return output(apply(gradients.graph, squaredNormForward, { inputs: [gradients], outputs: [scalar] }, {}));
}
