/** @file GELU alone, to recompute an activation from its preactivation; the forward pass applies it within `linear`. */

import { apply, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const geluForward: Operation = {
  name: 'gelu',
  tensors: { inputs: ['preactivation'], outputs: ['y'] },
  sizes: (node) => ({ channels: extent(output(node), -1) }),
  flops: (node) => 12 * elements(output(node).shape),
};

/** GELU in its tanh form (Hendrycks & Gimpel 2016, as GPT-2 uses it), elementwise on [B, T, C]. */
export function gelu(x: Tensor): Tensor {
  return output(apply(x.graph, geluForward, { inputs: [x], outputs: [{ shape: x.shape, dtype: x.dtype }] }, {}));
}
