/**
 * @file What stands before the tensors of a GGUF file, version 3: magic, version, counts, metadata, and where each tensor is
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
 */

const MAGIC = 'GGUF';
const VERSION = 3;

/** Tensors, and the first of them, begin at multiples of it. */
const ALIGNMENT = 32;

/** `enum gguf_metadata_value_type`. */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

export type MetadataValue =
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly int32s: readonly number[] };

export interface TensorInfo {
  readonly name: string;
  /** Rows and columns, as everywhere; GGUF writes the columns first. */
  readonly shape: readonly number[];
  /** `enum ggml_type`. */
  readonly type: number;
  readonly bytes: number;
}

/** The bytes of zero that bring a position to the next multiple of the alignment. */
export function paddingAfter(position: number): number {
  return (ALIGNMENT - (position % ALIGNMENT)) % ALIGNMENT;
}

/** @param tensors in the order in which their bytes follow, each padded */
export function buildGgufHeader(
  metadata: ReadonlyMap<string, MetadataValue>,
  tensors: readonly TensorInfo[],
): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(MAGIC), uint32(VERSION), uint64(tensors.length), uint64(metadata.size)];
  for (const [key, value] of metadata) parts.push(string(key), ...typedValue(value));
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    parts.push(string(name), uint32(shape.length), ...shape.toReversed().map(uint64), uint32(type), uint64(offset));
    offset += bytes + paddingAfter(bytes);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, new Uint8Array(paddingAfter(length))]);
}

function typedValue(value: MetadataValue): Uint8Array[] {
  if ('uint32' in value) return [uint32(UINT32), uint32(value.uint32)];
  if ('float32' in value) return [uint32(FLOAT32), float32(value.float32)];
  if ('bool' in value) return [uint32(BOOL), Uint8Array.of(Number(value.bool))];
  if ('string' in value) return [uint32(STRING), string(value.string)];
  if ('strings' in value) return [...array(STRING, value.strings), ...value.strings.map(string)];
  return [...array(INT32, value.int32s), new Uint8Array(Int32Array.from(value.int32s).buffer)];
}

function array(type: number, { length }: { readonly length: number }): Uint8Array[] {
  return [uint32(ARRAY), uint32(type), uint64(length)];
}

function string(text: string): Uint8Array {
  const utf8 = Buffer.from(text);
  return Buffer.concat([uint64(utf8.length), utf8]);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
