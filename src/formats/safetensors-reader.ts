/** @file Reads tensors of a safetensors file in slices, as float32 or int32. */

import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../support/errors.ts';
import { fileError } from '../support/files.ts';
import { openRegularFile } from '../support/regular-file.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './float-bits.ts';
import { DTYPE_BYTES, LENGTH_BYTES, parseHeader, parseHeaderLength, type TensorEntry } from './safetensors-header.ts';

/** Elements that are converted at a time: a tensor of any type but float32 needs this much room besides its target. */
const SLICE_ELEMENTS = 2 ** 21;
/** Bytes asked of the system at a time. */
const READ_BYTES = 2 ** 28;

/** An open safetensors file. Tensors stay on disk until they are read. */
export class SafetensorsFile {
  readonly path: string;
  /** Every tensor by name, in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #handle: FileHandle;

  private constructor(path: string, tensors: ReadonlyMap<string, TensorEntry>, handle: FileHandle) {
    this.path = path;
    this.tensors = tensors;
    this.#handle = handle;
  }

  /**
   * Opens a file and checks its header against its length.
   * @throws UserError when it cannot be read or its header is wrong.
   */
  static async open(path: string): Promise<SafetensorsFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await openRegularFile(path);
      const { size } = await handle.stat();
      const first = new Uint8Array(Math.min(LENGTH_BYTES, size));
      await readFully(handle, first, 0, path);
      const json = new Uint8Array(parseHeaderLength(first, size, path));
      await readFully(handle, json, LENGTH_BYTES, path);
      return new SafetensorsFile(path, parseHeader(json, size, path), handle);
    } catch (cause) {
      await handle?.close();
      throw fileError(path, 'read it', cause);
    }
  }

  /**
   * Fills `target` with the elements from `start` on of a tensor, in row-major order: a Float32Array from F32, BF16, F16
   * or F64, an Int32Array from I32.
   * @throws UserError when the file has no such tensor, its type is another, or the range is not within it.
   */
  async readInto(name: string, start: number, target: Float32Array | Int32Array): Promise<void> {
    const { dtype, offset, bytes } = this.#entry(name);
    const elementBytes = DTYPE_BYTES[dtype];
    const elements = bytes / elementBytes;
    if (start < 0 || start + target.length > elements) {
      throw new UserError(
        `${this.path}: tensor ${name} has ${elements} elements, asked for ${start} to ${start + target.length}`,
      );
    }
    const position = offset + start * elementBytes;
    const isFloat = target instanceof Float32Array;
    if (isFloat ? dtype === 'F32' : dtype === 'I32') {
      const view = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      await readFully(this.#handle, view, position, this.path);
    } else if (isFloat && (dtype === 'BF16' || dtype === 'F16')) {
      const convert = dtype === 'BF16' ? bfloat16ToFloat32 : float16ToFloat32;
      await this.#readConverted(new Uint16Array(Math.min(SLICE_ELEMENTS, target.length)), position, target, convert);
    } else if (isFloat && dtype === 'F64') {
      const scratch = new Float64Array(Math.min(SLICE_ELEMENTS, target.length));
      await this.#readConverted(scratch, position, target, (source, slice) => slice.set(source));
    } else {
      const expected = isFloat ? 'F32, BF16, F16 or F64' : 'I32';
      throw new UserError(`${this.path}: tensor ${name}: expected elements of type ${expected}, found ${dtype}`);
    }
  }

  /** A whole tensor as float32; see `readInto`. */
  async read(name: string): Promise<Float32Array> {
    const { dtype, bytes } = this.#entry(name);
    const target = new Float32Array(bytes / DTYPE_BYTES[dtype]);
    await this.readInto(name, 0, target);
    return target;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (entry === undefined) throw new UserError(`${this.path}: expected a tensor ${name}, found none of that name`);
    return entry;
  }

  async #readConverted<Scratch extends Uint16Array | Float64Array>(
    scratch: Scratch,
    position: number,
    target: Float32Array,
    convert: (source: Scratch, target: Float32Array) => void,
  ): Promise<void> {
    for (let done = 0; done < target.length; done += scratch.length) {
      const slice = target.subarray(done, done + scratch.length);
      const source = scratch.subarray(0, slice.length) as Scratch;
      const view = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
      await readFully(this.#handle, view, position + done * scratch.BYTES_PER_ELEMENT, this.path);
      convert(source, slice);
    }
  }
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number, path: string): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(READ_BYTES, target.length - done);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) {
      throw new UserError(
        `${path}: expected bytes at ${position + done}, found the end; it was changed while being read`,
      );
    }
    done += bytesRead;
  }
}
