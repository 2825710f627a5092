/** @file Launches of the kernels that go over a tensor one by one, and the elements that a thread takes in them. */

import { BYTES_PER_ELEMENT, type DType } from '../../../engine/tensor.ts';
import type { Launch } from '../operation.ts';
import { launchOver } from './steps.ts';

/** Converted to what products read (convert.h). */
const CONVERTED = 8;
/** Put through GELU (gelu.h). */
const GELU_ELEMENTS = 8;

/** Copies `count` fp32 numbers as bf16. */
export function convert(name: string, count: number, rest: Partial<Launch> = {}): Launch {
  const traffic = count * (BYTES_PER_ELEMENT.float32 + BYTES_PER_ELEMENT.bfloat16);
  return launchOver(name, count, CONVERTED, { traffic, ...rest });
}

/** Applies GELU to `count` numbers. */
export function applyGelu(name: string, count: number, dtype: DType): Launch {
  return launchOver(name, count, GELU_ELEMENTS, { traffic: 2 * count * BYTES_PER_ELEMENT[dtype] });
}
