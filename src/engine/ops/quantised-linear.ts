/** @file `linear` with a quantised weight; it has no backward pass. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';
import type { QuantisedWeight } from './quantise-weight.ts';

const quantisedLinearForward: Operation = {
  name: 'quantised_linear',
  tensors: { inputs: ['x', 'weight', 'scales', 'bias'], outputs: ['y', 'preactivation'] },
  sizes: (node) => ({
    inFeatures: extent(input(node), -1),
    outFeatures: extent(output(node), -1),
    rows: elements(output(node).shape.slice(0, -1)),
  }),
  flops: (node) => 2 * elements(output(node).shape) * extent(input(node), -1),
};

/**
 * y = x·weight + bias, or with `gelu` y = GELU(x·weight + bias). Sums are float32.
 *
 * @param x activation type [B, T, inputs]
 * @param bias float32 [outputs], a parameter
 * @returns activation type [B, T, outputs]
 */
export function quantisedLinear(
  x: Tensor,
  { copy, scales, outputs: columns }: QuantisedWeight,
  bias: Tensor,
  options: { readonly gelu?: boolean } = {},
): Tensor {
  const result = { shape: [...x.shape.slice(0, -1), columns], dtype: x.dtype };
  const outputs = [result, options.gelu ? result : undefined];
  return output(apply(x.graph, quantisedLinearForward, { inputs: [x, copy, scales, bias], outputs }, {}));
}
