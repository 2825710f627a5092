/** @file Reads tensors of a safetensors file in slices, as float32 or int32. */

import type { ByteSource } from '../support/byte-source.ts';
import { UserError } from '../support/errors.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './float-bits.ts';
import { DTYPE_BYTES, LENGTH_BYTES, parseHeader, parseHeaderLength, type TensorEntry } from './safetensors-header.ts';

/** Elements that are converted at a time: a tensor of any type but float32 needs this much room besides its target. */
const SLICE_ELEMENTS = 2 ** 21;

/** An open safetensors file. Tensors stay where they are until they are read. */
export class SafetensorsFile {
  /** The path or address. */
  readonly name: string;
  /** Every tensor by name, in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #source: ByteSource;

  private constructor(tensors: ReadonlyMap<string, TensorEntry>, source: ByteSource) {
    this.name = source.name;
    this.tensors = tensors;
    this.#source = source;
  }

  /**
   * Reads the header of a file and checks it against the file's length. The source is closed with the file, or at once when
   * the header is wrong.
   * @throws UserError when it cannot be read or its header is wrong.
   */
  static async open(source: ByteSource): Promise<SafetensorsFile> {
    const { name, size } = source;
    try {
      const first = new Uint8Array(Math.min(LENGTH_BYTES, size));
      await source.read(0, first);
      const json = new Uint8Array(parseHeaderLength(first, size, name));
      await source.read(LENGTH_BYTES, json);
      return new SafetensorsFile(parseHeader(json, size, name), source);
    } catch (cause) {
      await source.close();
      throw cause;
    }
  }

  /**
   * Fills `target` with the elements from `start` on of a tensor, in row-major order: a Float32Array from F32, BF16, F16,
   * F64 or I8, an Int32Array from I32.
   * @throws UserError when the file has no such tensor, its type is another, or the range is not within it.
   */
  async readInto(name: string, start: number, target: Float32Array | Int32Array): Promise<void> {
    const { dtype, offset, bytes } = this.#entry(name);
    const elementBytes = DTYPE_BYTES[dtype];
    const elements = bytes / elementBytes;
    if (start < 0 || start + target.length > elements) {
      throw new UserError(
        `${this.name}: tensor ${name} has ${elements} elements, asked for ${start} to ${start + target.length}`,
      );
    }
    const position = offset + start * elementBytes;
    const isFloat = target instanceof Float32Array;
    if (isFloat ? dtype === 'F32' : dtype === 'I32') {
      const view = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      await this.#source.read(position, view);
    } else if (isFloat && (dtype === 'BF16' || dtype === 'F16')) {
      const convert = dtype === 'BF16' ? bfloat16ToFloat32 : float16ToFloat32;
      await this.#readConverted(new Uint16Array(Math.min(SLICE_ELEMENTS, target.length)), position, target, convert);
    } else if (isFloat && dtype === 'F64') {
      const scratch = new Float64Array(Math.min(SLICE_ELEMENTS, target.length));
      await this.#readConverted(scratch, position, target, (source, slice) => slice.set(source));
    } else if (isFloat && dtype === 'I8') {
      const scratch = new Int8Array(Math.min(SLICE_ELEMENTS, target.length));
      await this.#readConverted(scratch, position, target, (source, slice) => slice.set(source));
    } else {
      const expected = isFloat ? 'F32, BF16, F16, F64 or I8' : 'I32';
      throw new UserError(`${this.name}: tensor ${name}: expected elements of type ${expected}, found ${dtype}`);
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
    await this.#source.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (entry === undefined) throw new UserError(`${this.name}: expected a tensor ${name}, found none of that name`);
    return entry;
  }

  async #readConverted<Scratch extends Uint16Array | Float64Array | Int8Array>(
    scratch: Scratch,
    position: number,
    target: Float32Array,
    convert: (source: Scratch, target: Float32Array) => void,
  ): Promise<void> {
    for (let done = 0; done < target.length; done += scratch.length) {
      const slice = target.subarray(done, done + scratch.length);
      const source = scratch.subarray(0, slice.length) as Scratch;
      const view = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
      await this.#source.read(position + done * scratch.BYTES_PER_ELEMENT, view);
      convert(source, slice);
    }
  }
}
