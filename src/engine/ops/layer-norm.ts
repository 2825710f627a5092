/**
 * @file LayerNorm. Inputs x, branch, weight, bias; outputs normed, mean, 1/√, stream. Branch and stream exist only where
 * a device fuses the residual add before it (`passes/fuse-residual.ts`). The normalised output is cheap to recompute.
 */

import { apply, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const layerNormBackward: Operation = {
  name: 'layer_norm_backward',
  tensors: {
    inputs: ['normedGradient', 'streamGradient', 'stream', 'mean', 'inverseDeviation', 'weight'],
    outputs: ['xGradient'],
    updates: ['weightGradient', 'biasGradient'],
  },
  sizes: (node) => ({ channels: extent(output(node), -1) }),
  flops: (node) => 12 * elements(output(node).shape),
};

interface Epsilon {
  readonly epsilon: number;
}

const layerNormForward: Operation<Epsilon> = {
  name: 'layer_norm',
  tensors: {
    inputs: ['x', 'branch', 'weight', 'bias'],
    outputs: ['normed', 'mean', 'inverseDeviation', 'stream'],
  },
  sizes: (node) => ({ channels: extent(output(node), -1) }),
  constants: ({ attributes: { epsilon } }) => ({ epsilon }),
  flops: (node) => 8 * elements(output(node).shape),
  backward: (node, [normedGradient, , , streamGradient]) => {
    const [x, branch, weight, bias] = node.inputs as [Tensor, Tensor | undefined, Tensor, Tensor];
    const [, mean, inverseDeviation, stream = x] = node.outputs as [Tensor, Tensor, Tensor, Tensor | undefined];
    const { graph } = x;
    const inputs = [normedGradient, streamGradient, stream, mean, inverseDeviation, weight];
    const outputs = [{ shape: x.shape, dtype: 'float32' }] as const;
    const updates = [graph.gradientOf(weight), graph.gradientOf(bias)];
    const gradient = output(apply(graph, layerNormBackward, { inputs, outputs, updates }, {}));
    return [gradient, branch && gradient];
  },
  recompute: (node, index) => {
    if (index !== 0) return undefined;
    const [x, , weight, bias] = node.inputs as [Tensor, Tensor | undefined, Tensor, Tensor];
    const stream = node.outputs[3] ?? x;
    return layerNorm(stream, { weight, bias, ...node.attributes });
  },
};

/**
 * (x − mean) / √(variance + epsilon) · weight + bias over the last axis (Ba et al. 2016). Mean and 1/√ stay float32.
 *
 * @param x_BTC float32, the residual stream
 * @returns activation type [B, T, C]
 */
export function layerNorm(x_BTC: Tensor, norm: { readonly weight: Tensor; readonly bias: Tensor } & Epsilon): Tensor {
  const { graph, shape } = x_BTC;
  const rows = { shape: shape.slice(0, -1), dtype: 'float32' } as const;
  const { weight, bias, epsilon } = norm;
  const outputs = [{ shape, dtype: graph.activationType }, rows, rows, undefined];
  return output(apply(graph, layerNormForward, { inputs: [x_BTC, undefined, weight, bias], outputs }, { epsilon }));
}
