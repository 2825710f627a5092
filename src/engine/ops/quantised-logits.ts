/** @file `logits` with a quantised token table. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';
import type { QuantisedWeight } from './quantise-weight.ts';

const quantisedLogitsForward: Operation = {
  name: 'quantised_logits',
  tensors: { inputs: ['x', 'tokenTable', 'scales', 'rows'], outputs: ['logits'] },
  sizes: (node) => ({ channels: extent(input(node), -1), vocabularySize: extent(output(node), -1) }),
  flops: (node) => 2 * elements(output(node).shape) * extent(input(node), -1),
};

/**
 * logits[b] = x[rows[b]] · tokenTableᵀ, float32 [B, V].
 *
 * @param x_BTC activation type
 * @param tokens_CV the quantised transpose of the token table
 * @param rows_B int32, indices into the B·T active rows
 */
export function quantisedLogits(x_BTC: Tensor, tokens_CV: QuantisedWeight, rows_B: Tensor): Tensor {
  const inputs = [x_BTC, tokens_CV.copy, tokens_CV.scales, rows_B];
  const outputs = [{ shape: [extent(rows_B, 0), tokens_CV.outputs], dtype: 'float32' }] as const;
  return output(apply(x_BTC.graph, quantisedLogitsForward, { inputs, outputs }, {}));
}
