/** @file Causal self-attention over whole rows, tiled: the T×T matrix never exists (Dao 2023, FlashAttention-2). */

import type { Node } from '../graph.ts';
import { apply, input, type Operation, output } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';

export interface Heads {
  readonly heads: number;
}

/** How the channels of [B, T, C] are divided among heads. */
export function headSizes({ heads }: Heads, out: Tensor): { readonly heads: number; readonly headSize: number } {
  return { heads, headSize: extent(out, -1) / heads };
}

/** Two products of T×T×C per row, halved since the upper triangle is skipped. */
const causalFlops = (out: Tensor): number => 2 * extent(out, 0) * extent(out, 1) ** 2 * extent(out, 2);

const attentionBackward: Operation<Heads> = {
  name: 'attention_backward',
  tensors: { inputs: ['outputGradient', 'qkv', 'out', 'logSumExp'], outputs: ['qkvGradient'] },
  sizes: (node) => headSizes(node.attributes, input(node)),
  flops: (node) => 2.5 * causalFlops(input(node)),
};

const attentionForward: Operation<Heads> = {
  name: 'attention',
  tensors: { inputs: ['qkv'], outputs: ['out', 'logSumExp'] },
  sizes: (node) => headSizes(node.attributes, output(node)),
  flops: (node) => causalFlops(output(node)),
  backward: (node: Node<Heads>, [gradient]) => {
    const qkv = input(node);
    const backward = apply(
      qkv.graph,
      attentionBackward,
      { inputs: [gradient, qkv, output(node), output(node, 1)], outputs: [{ shape: qkv.shape, dtype: qkv.dtype }] },
      node.attributes,
    );
    return [output(backward)];
  },
};

/**
 * softmax(q·kᵀ/√D, causal)·v for every head.
 *
 * @param qkv_BT3C activation type; a row holds the queries of all heads, then the keys, then the values
 * @returns activation type [B, T, C]
 */
export function attention(qkv_BT3C: Tensor, attributes: Heads): Tensor {
  const { graph, dtype } = qkv_BT3C;
  const [batch, length] = [extent(qkv_BT3C, 0), extent(qkv_BT3C, 1)];
  const outputs = [
    { shape: [batch, length, extent(qkv_BT3C, 2) / 3], dtype },
    { shape: [batch, attributes.heads, length], dtype: 'float32' },
  ] as const;
  return output(apply(graph, attentionForward, { inputs: [qkv_BT3C], outputs }, attributes));
}
