/**
 * @file LayerNorm with the residual add in front of it: the branch joins the stream and the stream is normalised in one
 * pass over memory. The normalised output is cheap to make again, so training does not keep it.
 */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const layerNormBackward: Operation = {
  name: 'layer_norm_backward',
  constants: (node) => ({ integers: [extent(output(node), -1)] }),
  flops: (node) => 12 * elements(output(node).shape),
};

const layerNormForward: Operation = {
  name: 'layer_norm',
  constants: (node) => ({ integers: [extent(output(node), -1)], reals: [node.attributes.epsilon ?? 0] }),
  flops: (node) => 8 * elements(output(node).shape),
  backward: (node, [normedGradient, , , streamGradient]) => {
    const [x, branch, weight, bias] = node.inputs as [Tensor, Tensor | undefined, Tensor, Tensor];
    const [, mean, rstd, stream = x] = node.outputs as [Tensor, Tensor, Tensor, Tensor | undefined];
    const { graph } = x;
    const gradient = output(
      apply(graph, layerNormBackward, {
        inputs: [normedGradient, streamGradient, stream, mean, rstd, weight],
        outputs: [{ shape: x.shape, dtype: 'float32' }],
        updates: [graph.gradientOf(weight), graph.gradientOf(bias)],
      }),
    );
    return [gradient, branch && gradient];
  },
  recompute: (node, index) => {
    if (index !== 0) return undefined;
    const [x, , weight, bias] = node.inputs as [Tensor, Tensor | undefined, Tensor, Tensor];
    const stream = node.outputs[3] ?? x;
    return layerNorm(stream, { weight, bias, epsilon: node.attributes.epsilon ?? 0 }).normed;
  },
};

/**
 * stream = x + branch; normed = (stream − mean) / √(variance + epsilon) · weight + bias, over the last axis
 * (Ba et al. 2016). Mean and 1/√ stay float32.
 *
 * @param x_BTC float32, the residual stream
 * @param branch_BTC activation type, what the last block computed; without it the stream is x
 */
export function layerNorm(
  x_BTC: Tensor,
  norm: { readonly weight: Tensor; readonly bias: Tensor; readonly epsilon: number },
  branch_BTC?: Tensor,
): { normed: Tensor; stream: Tensor } {
  const { graph, shape } = x_BTC;
  const rows = { shape: shape.slice(0, -1), dtype: 'float32' } as const;
  const node = apply(graph, layerNormForward, {
    inputs: [x_BTC, branch_BTC, norm.weight, norm.bias],
    outputs: [{ shape, dtype: graph.activationType }, rows, rows, branch_BTC && { shape, dtype: 'float32' }],
    attributes: { epsilon: norm.epsilon },
  });
  return { normed: output(node), stream: node.outputs[3] ?? input(node) };
}
