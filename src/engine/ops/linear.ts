/** @file Matrix product with bias, optionally followed by GELU; the weight is stored [in, out], as GPT-2's Conv1D has it. */

import { apply, input, type Operation, output, updated } from '../operation.ts';
import { elements, extent, type Tensor, typeCode } from '../tensor.ts';
import { gelu } from './gelu.ts';

const productFlops = (x: Tensor, weight: Tensor): number =>
  (2 * elements(x.shape) * elements(weight.shape)) / extent(weight, 0);

/** The sizes of a weight [in, out]. */
const featureSizes = (weight: Tensor) => ({ inFeatures: extent(weight, 0), outFeatures: extent(weight, 1) });

const linearBackwardInput: Operation = {
  name: 'linear_backward_input',
  tensors: { inputs: ['outputGradient', 'preactivation', 'weight'], outputs: ['inputGradient'] },
  sizes: (node) => ({ ...featureSizes(input(node, 2)), gradientType: typeCode(input(node)) }),
  flops: (node) => productFlops(output(node), input(node, 2)),
};

const linearBackwardWeight: Operation = {
  name: 'linear_backward_weight',
  tensors: { inputs: ['x', 'outputGradient', 'preactivation'], updates: ['weightGradient', 'biasGradient'] },
  sizes: (node) => ({ ...featureSizes(updated(node)), gradientType: typeCode(input(node, 1)) }),
  flops: (node) => productFlops(input(node), updated(node)),
};

const linearForward: Operation = {
  name: 'linear',
  tensors: { inputs: ['x', 'weight', 'bias'], outputs: ['y', 'preactivation'] },
  sizes: (node) => ({
    ...featureSizes(input(node, 1)),
    rows: elements(input(node).shape) / extent(input(node), -1),
  }),
  flops: (node) => productFlops(input(node), input(node, 1)),
  backward: (node, [gradient]) => {
    const [x, weight, bias] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const preactivation = node.outputs[1];
    const { graph } = x;
    const updates = [graph.gradientOf(weight), bias && graph.gradientOf(bias)];
    apply(graph, linearBackwardWeight, { inputs: [x, gradient, preactivation], updates }, {});
    const outputs = [{ shape: x.shape, dtype: x.dtype }];
    return [output(apply(graph, linearBackwardInput, { inputs: [gradient, preactivation, weight], outputs }, {}))];
  },
  recompute: (node, index) => {
    const preactivation = node.outputs[1];
    return index === 0 && preactivation ? gelu(preactivation) : undefined;
  },
};

/**
 * y = x·weight + bias, and with `gelu` y = GELU(x·weight + bias), keeping the preactivation for the backward pass.
 *
 * @param x activation type [B, T, in]
 * @param weight float32 [in, out], a parameter
 * @param bias float32 [out], a parameter
 * @returns activation type [B, T, out]
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor, options: { readonly gelu?: boolean } = {}): Tensor {
  const result = { shape: [...x.shape.slice(0, -1), extent(weight, 1)], dtype: x.dtype };
  const outputs = [result, options.gelu ? result : undefined];
  return output(apply(x.graph, linearForward, { inputs: [x, weight, bias], outputs }, {}));
}
