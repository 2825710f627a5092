/**
 * @file ggml's Q8_0: 32 elements as a half-precision scale, their largest absolute value / 127, and 32 int8, with the bits of
 * `quantize_row_q8_0_ref` (ggml-quants.c).
 */

import { float32ToFloat16 } from '../float-bits.ts';

/** Elements of a block. */
export const Q8_0_BLOCK = 32;
const SCALE_BYTES = 2;
export const Q8_0_BLOCK_BYTES = SCALE_BYTES + Q8_0_BLOCK;

const LARGEST = 127;

/** @param values whole blocks */
export function quantiseQ8_0(values: Float32Array): Uint8Array {
  const blocks = values.length / Q8_0_BLOCK;
  const bytes = new Uint8Array(blocks * Q8_0_BLOCK_BYTES);
  const scales = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const first = block * Q8_0_BLOCK;
    let largest = 0;
    for (let index = first; index < first + Q8_0_BLOCK; index++) largest = Math.max(largest, Math.abs(values[index]!));
    scales[block] = largest / LARGEST;
    const scale = scales[block]!;
    // ggml multiplies by the reciprocal, and divides by the scale before it is rounded to half precision
    const reciprocal = scale === 0 ? 0 : Math.fround(1 / scale);
    let to = block * Q8_0_BLOCK_BYTES + SCALE_BYTES;
    for (let index = first; index < first + Q8_0_BLOCK; index++)
      bytes[to++] = roundHalfAway(Math.fround(values[index]! * reciprocal));
  }
  const halves = float32ToFloat16(scales);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) view.setUint16(block * Q8_0_BLOCK_BYTES, halves[block]!, true);
  return bytes;
}

/** C's `roundf`: to the nearest whole number, halves away from zero. */
const roundHalfAway = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
