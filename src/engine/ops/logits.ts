/** @file Logits of chosen rows: what generation samples from. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const logitsForward: Operation = {
  name: 'logits',
  tensors: { inputs: ['x', 'tokenTable', 'rows'], outputs: ['logits'] },
  sizes: (node) => ({ channels: extent(input(node), -1), vocabularySize: extent(output(node), -1) }),
  flops: (node) => 2 * elements(output(node).shape) * extent(input(node), -1),
};

/**
 * logits[b] = x[rows[b]] · tokenTableᵀ, float32 [B, V].
 *
 * @param x_BTC activation type
 * @param tokens_VC float32, a parameter
 * @param rows_B int32, indices into the B·T active rows
 */
export function logits(x_BTC: Tensor, tokens_VC: Tensor, rows_B: Tensor): Tensor {
  const outputs = [{ shape: [extent(rows_B, 0), extent(tokens_VC, 0)], dtype: 'float32' }] as const;
  return output(apply(x_BTC.graph, logitsForward, { inputs: [x_BTC, tokens_VC, rows_B], outputs }, {}));
}
