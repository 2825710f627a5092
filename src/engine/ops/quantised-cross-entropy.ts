/** @file `crossEntropy` with a quantised token table, for evaluation; it has no backward pass. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';
import type { QuantisedWeight } from './quantise-weight.ts';

interface Vocabulary {
  readonly vocabularySize: number;
}

const quantisedCrossEntropyForward: Operation<Vocabulary> = {
  name: 'quantised_cross_entropy',
  tensors: { inputs: ['x', 'tokenTable', 'scales', 'targets'], outputs: ['losses'] },
  sizes: (node) => ({ channels: extent(input(node), -1), vocabularySize: node.attributes.vocabularySize }),
  flops: (node) => 2 * elements(input(node).shape) * node.attributes.vocabularySize,
};

/**
 * losses[b, t] = −log softmax(x[b, t] · tokenTableᵀ)[targets[b, t]], float32, in nats; 0 where the target is −1.
 *
 * @param x_BTC activation type, the normalised last stream
 * @param tokens_CV the quantised transpose of the token table
 * @param targets_BT int32, below V, or −1 to ignore a position
 */
export function quantisedCrossEntropy(x_BTC: Tensor, tokens_CV: QuantisedWeight, targets_BT: Tensor): Tensor {
  const inputs = [x_BTC, tokens_CV.copy, tokens_CV.scales, targets_BT];
  const outputs = [{ shape: targets_BT.shape, dtype: 'float32' }] as const;
  const vocabulary = { vocabularySize: tokens_CV.outputs };
  return output(apply(x_BTC.graph, quantisedCrossEntropyForward, { inputs, outputs }, vocabulary));
}
