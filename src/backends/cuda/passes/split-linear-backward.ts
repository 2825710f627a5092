/**
 * @file Splits the backward pass of linear layers for a GPU, whose matrix products are a library's: the gradient that reaches the
 * product (that of the output, times gelu′ where the layer ends in GELU, in the type that products read) is worked out
 * once for both products, in the pass over memory that sums the bias's gradient.
 */

import type { Graph, Node } from '../../../engine/graph.ts';
import { apply, input, type Operation } from '../../../engine/operation.ts';
import { elements, extent, type Tensor, typeCode } from '../../../engine/tensor.ts';

const linearBackwardBias: Operation = {
  name: 'linear_backward_bias',
  tensors: {
    inputs: ['outputGradient', 'preactivation'],
    outputs: ['productGradient'],
    updates: ['biasGradient'],
  },
  sizes: (node) => ({ outFeatures: extent(input(node), -1), gradientType: typeCode(input(node)) }),
  flops: (node) => (node.inputs[1] ? 16 : 1) * elements(input(node).shape),
};

/** Rewrites each `linear_backward_weight`, and the `linear_backward_input` that reads the same gradient. */
export function splitLinearBackward(graph: Graph): void {
  const productGradients = new Map<Tensor, Tensor>();
  graph.nodes = graph.nodes.flatMap((node): Node[] => {
    if (node.op.name === 'linear_backward_weight') {
      const [x, gradient, preactivation] = node.inputs as [Tensor, Tensor, Tensor | undefined];
      const [weightGradient, biasGradient] = node.updates;
      const { value, nodes } = graph.capture(() => splitOff(gradient, preactivation, biasGradient));
      productGradients.set(gradient, value);
      const updates = [weightGradient, undefined];
      return [...nodes, { ...node, inputs: [x, value, undefined], updates }];
    }
    const [gradient, , weight] = node.inputs;
    const productGradient = gradient && productGradients.get(gradient);
    if (node.op.name !== 'linear_backward_input' || !productGradient) return [node];
    return [{ ...node, inputs: [productGradient, undefined, weight] }];
  });
}

/** The gradient that reaches the product; the node that adds to `biasGradient`, if there is one, makes it. */
function splitOff(gradient: Tensor, preactivation: Tensor | undefined, biasGradient: Tensor | undefined): Tensor {
  const { graph, shape } = gradient;
  const isItself = !preactivation && gradient.dtype === graph.activationType;
  if (isItself && !biasGradient) return gradient;
  const outputs = [isItself ? undefined : { shape, dtype: graph.activationType }];
  const inputs = [gradient, preactivation];
  const node = apply(graph, linearBackwardBias, { inputs, outputs, updates: [biasGradient] }, {});
  return node.outputs[0] ?? gradient;
}
