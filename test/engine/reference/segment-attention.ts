/** @file What packed segments must be equal to: each computed as a row of its own after a copy of its prefix. */

import { concatenate } from '../values.ts';
import { attention } from './attention.ts';

/** First row and rows of the segment, first row and rows of its prefix. */
export type Segment = readonly [first: number, rows: number, prefixFirst: number, prefixRows: number];

export function segmentAttention(
  qkv: Float64Array,
  segments: readonly Segment[],
  { H, D }: { readonly H: number; readonly D: number },
): Float64Array {
  const C = H * D;
  const out = new Float64Array(qkv.length / 3);
  const rowsOf = (first: number, rows: number) => qkv.slice(first * 3 * C, (first + rows) * 3 * C);
  for (const [first, rows, prefixFirst, prefixRows] of segments) {
    const alone = concatenate([rowsOf(prefixFirst, prefixRows), rowsOf(first, rows)]);
    const attended = attention(alone, { B: 1, T: prefixRows + rows, H, D });
    out.set(attended.slice(prefixRows * C), first * C);
  }
  return out;
}
