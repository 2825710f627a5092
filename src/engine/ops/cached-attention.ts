/** @file Attention of new positions to all before them in the key-value cache: prefill and decoding, many streams at once. */

import { apply, type Operation, output } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';

const cachedAttentionForward: Operation = {
  name: 'cached_attention',
  constants: (node) => {
    const cache = node.updates[0] as Tensor; // [slots, 2, H, P, D]
    return { integers: [extent(cache, 2), extent(cache, 4), extent(cache, 3)] };
  },
  flops: (node) =>
    4 *
    extent(output(node), 0) *
    extent(output(node), 1) *
    extent(node.updates[0] as Tensor, 3) *
    extent(output(node), 2),
};

/**
 * Writes the keys and values of each new position into its stream's slot, then attends to positions 0 … its own.
 *
 * @param qkv_BT3C activation type, as for `attention`
 * @param stream positions_BT int32 (ascending by 1 along a row) and slots_B int32, per-row inputs
 * @param cache state [slots, 2, H, P, D] of the activation type
 * @returns activation type [B, T, C]
 */
export function cachedAttention(
  qkv_BT3C: Tensor,
  stream: { readonly positions_BT: Tensor; readonly slots_B: Tensor },
  cache: Tensor,
): Tensor {
  const { graph, dtype, shape } = qkv_BT3C;
  return output(
    apply(graph, cachedAttentionForward, {
      inputs: [qkv_BT3C, stream.positions_BT, stream.slots_B],
      outputs: [{ shape: [...shape.slice(0, -1), extent(qkv_BT3C, -1) / 3], dtype }],
      updates: [cache],
    }),
  );
}
