/** @file Test values: random, but the same in every run, and exactly representable where they are stored. */

import { fillNormal, Random } from '#minillm/support/random.js';
import type { Precision } from './devices.ts';

const SEED = 20240520;

/** Samples of N(0, std²) that are float32 numbers; another name gives others. */
export function normal(count: number, name: string, std = 1): Float64Array {
  const values = new Float32Array(count);
  fillNormal(values, std, SEED, name);
  return new Float64Array(values);
}

/** The same as stored activations: in bf16 rounded to bfloat16, so that kernel and reference read the same numbers. */
export function activations(precision: Precision, count: number, name: string, std = 1): Float64Array {
  const values = normal(count, name, std);
  return precision === 'bf16' ? values.map(roundToBfloat16) : values;
}

/** Whole numbers from `low` to below `high`. */
export function integers(count: number, low: number, high: number, name: string): Float64Array {
  const random = new Random(SEED, name);
  return Float64Array.from({ length: count }, () => low + (random.uint32() % (high - low)));
}

const float32 = new Float32Array(1);
const bits32 = new Uint32Array(float32.buffer);

/** The bits of the nearest bfloat16, ties to even. */
export function bfloat16Bits(value: number): number {
  float32[0] = value;
  const bits = bits32[0]!;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function roundToBfloat16(value: number): number {
  bits32[0] = bfloat16Bits(value) << 16;
  return float32[0]!;
}

/** The arrays one after another. */
export function concatenate(arrays: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(arrays.reduce((length, array) => length + array.length, 0));
  let end = 0;
  for (const array of arrays) {
    whole.set(array, end);
    end += array.length;
  }
  return whole;
}
