/**
 * @file The header of a safetensors file: 8 bytes of length (little-endian), that many bytes of JSON
 * `{"name": {"dtype", "shape", "data_offsets": [begin, end]}, …, "__metadata__": {…}}`, then the tensors' bytes, which the
 * offsets must cover without gap or overlap (https://huggingface.co/docs/safetensors, "Format").
 */

import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { parseJson, validate } from '../support/json.ts';

/** Bytes per element of every supported element type. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

/** Where a tensor lies in its file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The first byte, counted from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The bytes before the JSON, which hold its length. */
export const LENGTH_BYTES = 8;

const SPACE = 0x20;

/** Of ten thousand tensors it takes 1.5 MB; parsed, hostile JSON takes forty times its size. The reference stops at 100 MB. */
const MAX_HEADER_BYTES = 10_000_000;

const tensorSchema = z.object({
  dtype: z.enum(Object.keys(DTYPE_BYTES) as [Dtype, ...Dtype[]]),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
// not z.record, which drops a tensor named __proto__
const headerSchema = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object of tensors',
);
const metadataSchema = z.record(z.string(), z.string());

/**
 * The length of the JSON, from the first 8 bytes of a file.
 * @throws UserError when it is more than 10 MB or than the file holds.
 */
export function parseHeaderLength(firstBytes: Uint8Array, fileBytes: number, path: string): number {
  if (firstBytes.length < LENGTH_BYTES) {
    throw new UserError(
      `${path}: expected a safetensors file, found ${fileBytes} bytes; it is cut short or of another kind`,
    );
  }
  const length = new DataView(firstBytes.buffer, firstBytes.byteOffset).getBigUint64(0, true);
  const room = Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
  if (length > room) {
    throw new UserError(
      `${path}: expected a safetensors header of at most ${room} bytes, found a length of ${length}; ` +
        'the file is cut short or of another kind',
    );
  }
  return Number(length);
}

/**
 * The tensors that a header declares, in the order of their offsets.
 * @param json the header's bytes, without the length before them.
 * @throws UserError when a tensor's type is unknown, its size does not follow from its shape, or the tensors do not
 * cover the rest of the file exactly.
 */
export function parseHeader(json: Uint8Array, fileBytes: number, path: string): Map<string, TensorEntry> {
  const dataStart = LENGTH_BYTES + json.length;
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of Object.entries(parseJson(headerSchema, decodeUtf8(json, path), `${path}: header`))) {
    if (name === '__metadata__') validate(metadataSchema, value, `${path}: __metadata__`);
    else entries.push([name, parseTensor(value, dataStart, `${path}: tensor ${shorten(name)}`)]);
  }
  // an empty tensor comes before the one that begins at the same offset
  entries.sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataStart;
  for (const [name, { offset, bytes }] of entries) {
    if (offset !== end) {
      const problem = offset < end ? 'overlaps the one before it' : 'leaves a gap before it';
      throw new UserError(
        `${path}: tensor ${shorten(name)} ${problem}: expected it at byte ${end}, found it at ${offset}; the header is damaged`,
      );
    }
    end = offset + bytes;
  }
  if (end !== fileBytes) {
    throw new UserError(`${path}: expected ${end} bytes by its header, found ${fileBytes}; download or write it again`);
  }
  return new Map(entries);
}

function parseTensor(value: unknown, dataStart: number, where: string): TensorEntry {
  const { dtype, shape, data_offsets } = validate(tensorSchema, value, where);
  const [begin, end] = data_offsets;
  const bytes = shape.reduce((product, extent) => product * extent, 1) * DTYPE_BYTES[dtype];
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    throw new UserError(
      `${where}: expected ${bytes} bytes for ${dtype} [${shorten(shape.join(', '))}], found ${end - begin}; the header is damaged`,
    );
  }
  return { dtype, shape, offset: dataStart + begin, bytes };
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${path}: expected a safetensors header in UTF-8, found other bytes; the file is damaged`);
  }
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

/** A tensor to be written: its type and shape. */
export interface TensorShape {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * The first bytes of a file that holds `tensors` one after another: length, and JSON padded with spaces so that the
 * tensors begin at a multiple of 8. `format: pt` is what transformers asks of a file of weights.
 */
export function buildHeader(tensors: readonly TensorShape[]): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = begin + shape.reduce((product, extent) => product * extent, DTYPE_BYTES[dtype]);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(LENGTH_BYTES + Math.ceil(json.length / 8) * 8).fill(SPACE);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - LENGTH_BYTES), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}
