/**
 * @file The output head with cross-entropy. Logits exist for a slice of rows at a time; in training the same pass gives
 * the losses, the gradient of the head's input and that of the (tied) token table.
 */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const vocabularySize = (node: Parameters<Operation['flops']>[0]): number => extent(input(node, 1), 0);

const sizes: Operation['constants'] = (node) => ({ integers: [extent(input(node), -1), vocabularySize(node)] });

const crossEntropyWithGradient: Operation = {
  name: 'cross_entropy_with_gradient',
  constants: sizes,
  flops: (node) => 6 * elements(input(node).shape) * vocabularySize(node),
};

const crossEntropyForward: Operation = {
  name: 'cross_entropy',
  constants: sizes,
  flops: (node) => 2 * elements(input(node).shape) * vocabularySize(node),
  backwardInForward: (node, scale) => {
    const [x, tokens_VC, targets] = node.inputs as [Tensor, Tensor, Tensor];
    const replacement = apply(x.graph, crossEntropyWithGradient, {
      inputs: [x, tokens_VC, targets, scale],
      outputs: [output(node), { shape: x.shape, dtype: x.dtype }],
      updates: [x.graph.gradientOf(tokens_VC)],
    });
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
  return output(
    apply(x_BTC.graph, crossEntropyForward, {
      inputs: [x_BTC, tokens_VC, targets_BT],
      outputs: [{ shape: targets_BT.shape, dtype: 'float32' }],
    }),
  );
}
