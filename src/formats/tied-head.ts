/** @file Whether the head that a file of weights may hold beside the token embedding is that embedding, as GPT-2 has it. */

import { UserError } from '../support/errors.ts';
import type { SafetensorsFile } from './safetensors-reader.ts';

/** Elements compared at once: 4 MB of each. */
const SLICE_ELEMENTS = 1 << 20;
/** What rounding to bfloat16 changes of a number at most, and to half precision of one near 0. */
const ROUNDING = 2 ** -8;
const SMALLEST_HALF = 2 ** -24;

/** A tensor and the file that it lies in. */
export interface TensorPlace {
  readonly file: SafetensorsFile;
  readonly name: string;
}

/**
 * Compares the head with the token embedding. In files of one type they are to be the same number for number, else up to the
 * rounding of the types.
 * @param channels of a row of either, for the error.
 * @throws UserError naming the first row that differs.
 */
export async function checkTiedHead(head: TensorPlace, embedding: TensorPlace, channels: number): Promise<void> {
  const [headEntry, entry] = [head, embedding].map(({ file, name }) => file.tensors.get(name));
  const where = `${head.file.name}: tensor ${head.name}`;
  if (headEntry?.shape.join() !== entry?.shape.join())
    throw new UserError(`${where}: expected the shape of ${embedding.name}, found [${headEntry?.shape.join(', ')}]`);
  const count = entry?.shape.reduce((product, extent) => product * extent, 1) ?? 0;
  const tolerance = headEntry?.dtype === entry?.dtype ? 0 : ROUNDING;
  const buffers = [new Float32Array(SLICE_ELEMENTS), new Float32Array(SLICE_ELEMENTS)] as const;
  for (let start = 0; start < count; start += SLICE_ELEMENTS) {
    const [found, expected] = buffers.map((buffer) => buffer.subarray(0, Math.min(SLICE_ELEMENTS, count - start)));
    await head.file.readInto(head.name, start, found!);
    await embedding.file.readInto(embedding.name, start, expected!);
    const at = firstDifference(found!, expected!, tolerance);
    if (at < 0) continue;
    const row = Math.floor((start + at) / channels);
    throw new UserError(
      `${where}: expected the values of ${embedding.name}, to which GPT-2 ties its head, found others (${found![at]} and ${expected![at]} in row ${row}); transformers may use either; remove the tensor if the model is tied, else it is another network`,
    );
  }
}

function firstDifference(a: Float32Array, b: Float32Array, tolerance: number): number {
  for (let index = 0; index < a.length; index++) {
    const x = a[index]!;
    const y = b[index]!;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (tolerance === 0) return index;
    if (!(Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), Math.abs(y)) + SMALLEST_HALF)) return index;
  }
  return -1;
}
