/** @file float32 as the bytes of the floating types that files of weights have. */

import { float32ToBfloat16, float32ToFloat16 } from './float-bits.ts';
import { bytesOf } from './parameter-slices.ts';

export const FLOAT_TYPES = ['f32', 'f16', 'bf16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { f32: 4, f16: 2, bf16: 2 };

/** The bytes are valid as long as `values` are. */
export function encodeFloats(values: Float32Array, type: FloatType): Uint8Array {
  if (type === 'f32') return bytesOf(values);
  return bytesOf(type === 'f16' ? float32ToFloat16(values) : float32ToBfloat16(values));
}
