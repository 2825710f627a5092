/** @file The bytes of a safetensors file in slices, so that no tensor is ever held twice. */

import { buildHeader } from './safetensors-header.ts';

const SLICE_ELEMENTS = 2 ** 22;

interface Source<Elements> {
  readonly name: string;
  readonly shape: readonly number[];
  /** Fills `target` with the tensor's elements from `start` on, in row-major order. */
  read(start: number, target: Elements): void | Promise<void>;
}

/** A tensor to write, asked for 16 MiB at a time. */
export type TensorSource =
  | ({ readonly dtype: 'F32' } & Source<Float32Array>)
  | ({ readonly dtype: 'I32' } & Source<Int32Array>);

/** The bytes of a file of tensors in the given order, each slice valid until the next is asked for. */
export async function* safetensorsBytes(tensors: readonly TensorSource[]): AsyncGenerator<Uint8Array> {
  yield buildHeader(tensors);
  yield* readSlices(tensors);
}

/** The bytes of tensors in the order of a file, each slice valid until the next is asked for. */
export async function* readSlices(tensors: readonly TensorSource[]): AsyncGenerator<Uint8Array> {
  const counts = tensors.map(({ shape }) => shape.reduce((product, extent) => product * extent, 1));
  const scratch = new ArrayBuffer(4 * Math.min(SLICE_ELEMENTS, Math.max(0, ...counts)));
  for (const [index, tensor] of tensors.entries()) {
    const elements = counts[index] ?? 0;
    for (let start = 0; start < elements; start += SLICE_ELEMENTS) {
      const length = Math.min(SLICE_ELEMENTS, elements - start);
      if (tensor.dtype === 'F32') await tensor.read(start, new Float32Array(scratch, 0, length));
      else await tensor.read(start, new Int32Array(scratch, 0, length));
      yield new Uint8Array(scratch, 0, length * 4);
    }
  }
}
