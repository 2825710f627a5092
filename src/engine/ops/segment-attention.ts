/**
 * @file Attention within segments packed into one row: several continuations of one context, and many such groups side by
 * side. Only evaluation uses it, so it has no backward rule.
 */

import { apply, input, type Operation, output } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';
import { type Heads, headSizes } from './attention.ts';

/** Numbers that describe a segment: its first row and row count, then those of its prefix. */
export const SEGMENT_FIELDS = 4;

const segmentAttentionForward: Operation<Heads> = {
  name: 'segment_attention',
  tensors: { inputs: ['qkv', 'segments'], outputs: ['out'] },
  sizes: (node) => ({ ...headSizes(node.attributes, output(node)), maxSegments: extent(input(node, 1), 0) }),
  /** As for one segment as long as the row. */
  flops: (node) => 2 * extent(output(node), 0) * extent(output(node), 1) ** 2 * extent(output(node), 2),
};

/**
 * softmax(q·kᵀ/√D)·v for every head, where a position sees the prefix of its segment and its own segment up to itself.
 *
 * @param qkv_BT3C activation type, as for `attention`; the active B·T rows form one row, whose every position is in a
 * segment
 * @param segments_S4 int32, per segment (first row, row count, first row of the prefix, row count of the prefix); unused
 * entries have row count 0
 * @returns activation type [B, T, C]
 */
export function segmentAttention(qkv_BT3C: Tensor, segments_S4: Tensor, attributes: Heads): Tensor {
  const { graph, dtype, shape } = qkv_BT3C;
  const outputs = [{ shape: [...shape.slice(0, -1), extent(qkv_BT3C, -1) / 3], dtype }];
  return output(apply(graph, segmentAttentionForward, { inputs: [qkv_BT3C, segments_S4], outputs }, attributes));
}
