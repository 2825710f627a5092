/**
 * @file Attention from new positions to all earlier ones in the key-value cache: prefill and decoding, many streams at
 * once.
 */

import { apply, type Operation, output, updated } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const cachedAttentionForward: Operation = {
  name: 'cached_attention',
  tensors: { inputs: ['qkv', 'positions', 'slots'], outputs: ['out'], updates: ['cache'] },
  sizes: (node) => {
    const cache = updated(node); // [slots, 2, H, P, D]
    return { heads: extent(cache, 2), headSize: extent(cache, 4), positionsPerSlot: extent(cache, 3) };
  },
  flops: (node) => 4 * elements(output(node).shape) * extent(updated(node), 3),
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
  const inputs = [qkv_BT3C, stream.positions_BT, stream.slots_B];
  const outputs = [{ shape: [...shape.slice(0, -1), extent(qkv_BT3C, -1) / 3], dtype }];
  return output(apply(graph, cachedAttentionForward, { inputs, outputs, updates: [cache] }, {}));
}
