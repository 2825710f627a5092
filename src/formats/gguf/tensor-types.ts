/** @file The types that the matrices of a GGUF file may have, of ggml's: their ids, their bytes, how numbers are encoded. */

import { encodeFloats, FLOAT_BYTES, FLOAT_TYPES, type FloatType } from '../encode-floats.ts';
import { Q8_0_BLOCK, Q8_0_BLOCK_BYTES, quantiseQ8_0 } from './q8-0.ts';

export const GGUF_TYPES = [...FLOAT_TYPES, 'q8_0'] as const;

/** As llama.cpp's converter names them. */
export type GgufType = (typeof GGUF_TYPES)[number];

export interface TensorType {
  /** `enum ggml_type`. */
  readonly id: number;
  /** `enum llama_ftype` of a file whose matrices are of this type. */
  readonly fileType: number;
  /** Consecutive elements of a row that are encoded together, and the bytes they take. */
  readonly block: number;
  readonly blockBytes: number;
  encode(values: Float32Array): Uint8Array;
}

const floats = (type: FloatType, id: number, fileType: number): TensorType => ({
  ...{ id, fileType, block: 1, blockBytes: FLOAT_BYTES[type] },
  encode: (values) => encodeFloats(values, type),
});

export const TENSOR_TYPES: Readonly<Record<GgufType, TensorType>> = {
  f32: floats('f32', 0, 0),
  f16: floats('f16', 1, 1),
  bf16: floats('bf16', 30, 32),
  q8_0: { id: 8, fileType: 7, block: Q8_0_BLOCK, blockBytes: Q8_0_BLOCK_BYTES, encode: quantiseQ8_0 },
};
