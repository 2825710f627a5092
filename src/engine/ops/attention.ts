/** @file Causal self-attention over whole rows, tiled: the T×T matrix never exists (Dao 2023, FlashAttention-2). */

import { apply, type Operation, output } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';

/** Two products of T×T×C a row, halved since the upper triangle is skipped. */
const causalFlops = (out: Tensor): number => 2 * extent(out, 0) * extent(out, 1) ** 2 * extent(out, 2);

const heads = (node: { readonly attributes: Readonly<Record<string, number>> }): number => node.attributes.heads ?? 1;

const attentionBackward: Operation = {
  name: 'attention_backward',
  constants: (node) => ({ integers: [heads(node), extent(node.inputs[0] as Tensor, -1) / heads(node)] }),
  flops: (node) => 2.5 * causalFlops(node.inputs[0] as Tensor),
};

const attentionForward: Operation = {
  name: 'attention',
  constants: (node) => ({ integers: [heads(node), extent(output(node), -1) / heads(node)] }),
  flops: (node) => causalFlops(output(node)),
  backward: (node, [gradient]) => {
    const qkv = node.inputs[0] as Tensor;
    const backward = apply(qkv.graph, attentionBackward, {
      inputs: [gradient, qkv, output(node), output(node, 1)],
      outputs: [{ shape: qkv.shape, dtype: qkv.dtype }],
      attributes: node.attributes,
    });
    return [output(backward)];
  },
};

/**
 * softmax(q·kᵀ/√D, causal)·v for every head.
 *
 * @param qkv_BT3C activation type; a row holds the queries of all heads, then the keys, then the values
 * @returns activation type [B, T, C]
 */
export function attention(qkv_BT3C: Tensor, options: { readonly heads: number }): Tensor {
  const { graph, dtype } = qkv_BT3C;
  const [batch, length] = [extent(qkv_BT3C, 0), extent(qkv_BT3C, 1)];
  return output(
    apply(graph, attentionForward, {
      inputs: [qkv_BT3C],
      outputs: [
        { shape: [batch, length, extent(qkv_BT3C, 2) / 3], dtype },
        { shape: [batch, options.heads, length], dtype: 'float32' },
      ],
      attributes: { heads: options.heads },
    }),
  );
}
