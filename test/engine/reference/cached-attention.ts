/** @file What a key-value cache must be equal to: each stream keeps all its rows, and attends to them as a whole. */

import { concatenate } from '../values.ts';
import { attention } from './attention.ts';

/** The rows (q, k, v of all heads) that each slot has been given so far. */
export type Streams = Map<number, Float64Array>;

/** Adds `rows` to the end of a slot's stream and returns the attention output of these rows. */
export function cachedAttention(
  streams: Streams,
  slot: number,
  rows: Float64Array,
  { H, D }: { H: number; D: number },
): Float64Array {
  const stream = concatenate([streams.get(slot) ?? new Float64Array(), rows]);
  streams.set(slot, stream);
  const out = attention(stream, { B: 1, T: stream.length / (3 * H * D), H, D });
  return out.slice(out.length - rows.length / 3);
}
