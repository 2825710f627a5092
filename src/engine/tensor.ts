/**
 * @file Symbolic tensors: a shape, an element type and the place where the bytes will be, but no bytes. Shape suffixes in
 * names give the axes: B batch, T time, C channels, H heads, D head size, V vocabulary, L layers.
 */

import type { Graph } from './graph.ts';
import type { Statistic } from './layout.ts';

export type DType = 'float32' | 'bfloat16' | 'int8' | 'int32' | 'float64';

/** How a program computes: `bf16` stores activations and multiplies matrices in bfloat16, with float32 accumulation. */
export type Precision = 'fp32' | 'bf16';

export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = {
  float32: 4,
  bfloat16: 2,
  int8: 1,
  int32: 4,
  float64: 8,
};

/** A flat buffer in which an optimizer keeps a number for each parameter, such as a moment of its gradient. */
export type OptimizerBuffer = `optimizer:${string}`;

/** The flat buffers of a model in training; all have the parameters' layout. */
export type FlatBuffer = 'parameters' | 'gradients' | OptimizerBuffer;

/**
 * Where a tensor lives:
 * - `activation`: in the arena, at an offset the planner assigns; gone when its last reader has run;
 * - `input`: in the program's input block, which the host writes before each run (tokens, scalars, per-row arrays);
 * - `parameter`, `gradient`: a named tensor inside a flat buffer;
 * - `statistic`: a named number at the end of the gradient buffer, summed over micro-steps and over ranks with the gradients;
 * - `range`: a stretch of a flat buffer, in elements;
 * - `state`: a buffer of its own that outlives the run (the KV cache).
 */
export type Storage =
  | { readonly kind: 'activation' }
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'parameter' | 'gradient'; readonly name: string }
  | { readonly kind: 'statistic'; readonly name: Statistic }
  | { readonly kind: 'range'; readonly buffer: FlatBuffer; readonly offset: number }
  | { readonly kind: 'state'; readonly name: string };

export interface Tensor {
  readonly graph: Graph;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly storage: Storage;
}

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Number of elements of a shape; 1 for a scalar `[]`. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes a tensor takes at its full extents. */
export function byteLength({ shape, dtype }: TensorSpec): number {
  return elements(shape) * BYTES_PER_ELEMENT[dtype];
}

/** The extent of axis `axis` (negative: from the end). */
export function extent({ shape }: TensorSpec, axis: number): number {
  const value = shape.at(axis);
  if (value === undefined) throw new RangeError(`axis ${axis} of a tensor of shape [${shape.join(', ')}]`);
  return value;
}

/**
 * The code of a tensor's type for kernels that take either: 0 for float32 (the residual stream), 1 for bfloat16 (inside a
 * block).
 */
export function typeCode({ dtype }: TensorSpec): 0 | 1 {
  return dtype === 'bfloat16' ? 1 : 0;
}
