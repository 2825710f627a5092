/** @file A parameter's elements in slices, so that it need not be held whole, and their bytes. */

import type { Gpt2Parameter, ReadParameter } from './gpt2-parameters.ts';

/** Elements read at a time: 4 MB. */
const SLICE_ELEMENTS = 2 ** 20;

export function elementCount({ shape }: Pick<Gpt2Parameter, 'shape'>): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The elements in order, 2^20 at a time, each slice valid until the next is asked for. */
export async function* readSlices(parameter: Gpt2Parameter, read: ReadParameter): AsyncGenerator<Float32Array> {
  const count = elementCount(parameter);
  const scratch = new Float32Array(Math.min(SLICE_ELEMENTS, count));
  for (let start = 0; start < count; start += scratch.length) {
    const slice = scratch.subarray(0, Math.min(scratch.length, count - start));
    await read(parameter.name, start, slice);
    yield slice;
  }
}

/** The bytes of numbers as they lie in memory. */
export function bytesOf(array: Float32Array | Uint16Array | Int8Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
