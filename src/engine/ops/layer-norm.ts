/**
 * @file LayerNorm, on devices that fuse it (`passes/fuse-residual.ts`) with the residual add before it: inputs x, branch, weight,
 * bias; outputs normed, mean, 1/√, stream; branch and stream only when fused. The normalised output is cheap to make again.
 */

import { apply, type Operation, output } from '../operation.ts';
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
    return layerNorm(stream, { weight, bias, epsilon: node.attributes.epsilon ?? 0 });
  },
};

/**
 * (x − mean) / √(variance + epsilon) · weight + bias over the last axis (Ba et al. 2016). Mean and 1/√ stay float32.
 *
 * @param x_BTC float32, the residual stream
 * @returns activation type [B, T, C]
 */
export function layerNorm(
  x_BTC: Tensor,
  norm: { readonly weight: Tensor; readonly bias: Tensor; readonly epsilon: number },
): Tensor {
  const { graph, shape } = x_BTC;
  const rows = { shape: shape.slice(0, -1), dtype: 'float32' } as const;
  return output(
    apply(graph, layerNormForward, {
      inputs: [x_BTC, undefined, norm.weight, norm.bias],
      outputs: [{ shape, dtype: graph.activationType }, rows, rows, undefined],
      attributes: { epsilon: norm.epsilon },
    }),
  );
}
