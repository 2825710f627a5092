/** @file `linear` with a packed weight, for programs of few rows; it has no backward pass. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';
import type { PackedWeight } from './pack-weight.ts';

const packedLinearForward: Operation = {
  name: 'packed_linear',
  tensors: { inputs: ['x', 'weight', 'bias'], outputs: ['y', 'preactivation'] },
  sizes: (node) => ({ inFeatures: extent(input(node), -1), outFeatures: extent(output(node), -1) }),
  flops: (node) => 2 * elements(output(node).shape) * extent(input(node), -1),
};

/**
 * y = x·weight + bias, or with `gelu` y = GELU(x·weight + bias).
 *
 * @param x activation type [B, T, inputs]
 * @param bias float32 [outputs], a parameter
 * @returns activation type [B, T, outputs]
 */
export function packedLinear(
  x: Tensor,
  { copy, outputs: columns }: PackedWeight,
  bias: Tensor,
  options: { readonly gelu?: boolean } = {},
): Tensor {
  const result = { shape: [...x.shape.slice(0, -1), columns], dtype: x.dtype };
  const outputs = [result, options.gelu ? result : undefined];
  return output(apply(x.graph, packedLinearForward, { inputs: [x, copy, bias], outputs }, {}));
}
