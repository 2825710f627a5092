/**
 * @file The output head with cross-entropy. Logits exist for a slice of rows at a time; in training the same pass gives
 * the losses, the gradient of the head's input and that of the (tied) token table.
 */

import type { Node } from '../graph.ts';
import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const vocabularySize = (node: Node): number => extent(input(node, 1), 0);

const sizes = (node: Node) => ({ channels: extent(input(node), -1), vocabularySize: vocabularySize(node) });

const crossEntropyWithGradient: Operation = {
  name: 'cross_entropy_with_gradient',
  tensors: {
    inputs: ['x', 'tokenTable', 'targets', 'scale'],
    outputs: ['losses', 'xGradient'],
    updates: ['tokenTableGradient'],
  },
  sizes,
  flops: (node) => 6 * elements(input(node).shape) * vocabularySize(node),
};

const crossEntropyForward: Operation = {
  name: 'cross_entropy',
  tensors: { inputs: ['x', 'tokenTable', 'targets'], outputs: ['losses'] },
  sizes,
  flops: (node) => 2 * elements(input(node).shape) * vocabularySize(node),
  backwardInForward: (node, scale) => {
    const [x, tokens_VC, targets] = node.inputs as [Tensor, Tensor, Tensor];
    const outputs = [output(node), { shape: x.shape, dtype: x.dtype }];
    const updates = [x.graph.gradientOf(tokens_VC)];
    const inputs = [x, tokens_VC, targets, scale];
    const replacement = apply(x.graph, crossEntropyWithGradient, { inputs, outputs, updates }, {});
    return { replacement, inputGradients: [output(replacement, 1)] };
  },
};

/**
 * losses[b, t] = −log softmax(x[b, t] · tokenTableᵀ)[targets[b, t]], float32, in nats; 0 where the target is −1.
 *
 * @param x_BTC activation type, the normalised last stream
 * @param tokens_VC float32, a parameter
 * @param targets_BT int32, below V, or −1 to ignore a position
 */
export function crossEntropy(x_BTC: Tensor, tokens_VC: Tensor, targets_BT: Tensor): Tensor {
  const outputs = [{ shape: targets_BT.shape, dtype: 'float32' }] as const;
  return output(apply(x_BTC.graph, crossEntropyForward, { inputs: [x_BTC, tokens_VC, targets_BT], outputs }, {}));
}
