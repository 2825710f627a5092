/** @file The global L2 norm of the gradients. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

/** Elements whose squares are summed in double before the sums are added in order. */
const CHUNK = 65_536;

const gradientNormForward: Operation = {
  name: 'gradient_norm',
  constants: (node) => ({ integers: [elements(input(node).shape), CHUNK] }),
  flops: (node) => 2 * elements(input(node).shape),
  workspaceBytes: (node) => Math.ceil(elements(input(node).shape) / CHUNK) * 8,
};

/** √Σ g² over a stretch of the gradient buffer (padding is zero), a float32 scalar. */
export function gradientNorm(gradients: Tensor): Tensor {
  return output(
    apply(gradients.graph, gradientNormForward, { inputs: [gradients], outputs: [{ shape: [], dtype: 'float32' }] }),
  );
}
