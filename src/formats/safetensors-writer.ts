/** @file Writes a safetensors file in slices, so that no tensor is ever held twice. */

import { type FileHandle, open } from 'node:fs/promises';
import { fileError, syncFile } from '../support/files.ts';
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

/**
 * Writes tensors one after another in the given order and flushes the file to disk. The file is written in place; to have
 * all of it or nothing, write it inside `writeFolderAtomic`.
 * @throws UserError when the system refuses; whatever a source throws.
 */
export async function writeSafetensors(path: string, tensors: readonly TensorSource[]): Promise<void> {
  try {
    const handle = await open(path, 'w');
    try {
      await writeFully(handle, buildHeader(tensors));
      for await (const bytes of readSlices(tensors)) await writeFully(handle, bytes);
      await syncFile(handle);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(path, 'write it', cause);
  }
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

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}
