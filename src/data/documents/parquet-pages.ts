/**
 * @file The values of one column chunk of a Parquet file, page after page (parquet-format, "Parquet.thrift"). hyparquet, which
 * reads the footer, trusts the numbers in page headers: some keep it in a loop for ever, others fill memory.
 */
import type { CompressionCodec } from 'hyparquet';
import { decompress } from './parquet-codecs.ts';
import { readDeltaByteArrays, readDeltaLengths, readPlain, readRuns } from './parquet-encodings.ts';
import { ThriftReader, type ThriftStruct } from './thrift.ts';

/** A flat column of byte arrays. */
export interface ChunkLayout {
  /** Undefined for one that the format does not know. */
  readonly codec: CompressionCodec | undefined;
  /** Whether rows may be without a value. */
  readonly isOptional: boolean;
  readonly rows: number;
}

const [DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2] = [0, 2, 3];
const [PLAIN, PLAIN_DICTIONARY, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, RLE_DICTIONARY] = [0, 2, 6, 7, 8];

/** A page, and all texts of a chunk, may take so many bytes for each byte of the chunk, and so many more. */
const MAX_EXPANSION = 1000;
const MAX_SMALL_BYTES = 1 << 26;

/** What a chunk of so many bytes may take once it is decompressed. */
export function maxTextBytes(chunkBytes: number): number {
  return MAX_SMALL_BYTES + MAX_EXPANSION * chunkBytes;
}

/** A page that is ready to be read. */
interface Page {
  readonly values: number;
  readonly encoding: number;
  /** For each value 1 or, where there is none, 0; undefined where there are all. */
  readonly levels: Uint8Array | undefined;
  readonly data: Uint8Array;
}

/**
 * The values of the rows that have one, with the number of the row.
 * @throws Error when the chunk is damaged, or holds other than `rows` rows.
 */
export function* readChunk(
  chunk: Uint8Array,
  layout: ChunkLayout,
): Generator<readonly [row: number, value: Uint8Array]> {
  const maxBytes = maxTextBytes(chunk.length);
  let dictionary: Uint8Array[] = [];
  let row = 0;
  let bytes = 0;
  for (let offset = 0; row < layout.rows && offset < chunk.length; ) {
    const reader = new ThriftReader(chunk, offset);
    const header = reader.readStruct();
    const stored = countField(header, 3, chunk.length - reader.offset);
    const body = chunk.subarray(reader.offset, reader.offset + stored);
    offset = reader.offset + stored;
    const size = countField(header, 2, maxBytes);
    if (header.get(1) === DICTIONARY_PAGE) {
      dictionary = [...readPlain(decompress(body, size, layout.codec))];
      continue;
    }
    const page = openPage(header, body, size, layout, layout.rows - row);
    const values = pageValues(page, dictionary);
    for (const [level, length] of page.levels ? readRuns(page.levels, 1, page.values) : [[1, page.values] as const]) {
      for (let index = 0; level === 1 && index < length; index++) {
        const { value, done } = values.next();
        if (done) throw new Error('a page with fewer values than its header says');
        bytes += value.length;
        if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes of text in ${chunk.length} bytes`);
        yield [row + index, value];
      }
      row += length;
    }
  }
  if (row !== layout.rows) throw new Error(`${row} rows where ${layout.rows} are announced`);
}

function openPage(header: ThriftStruct, body: Uint8Array, size: number, layout: ChunkLayout, rowsLeft: number): Page {
  const { codec, isOptional } = layout;
  if (header.get(1) === DATA_PAGE) {
    const fields = structField(header, 5);
    const page = decompress(body, size, codec);
    const levelBytes = isOptional ? new DataView(page.buffer, page.byteOffset, page.length).getUint32(0, true) : 0;
    const start = isOptional ? 4 + levelBytes : 0;
    if (start > page.length) throw new Error(`levels of ${levelBytes} bytes in a page of ${page.length}`);
    return {
      values: countField(fields, 1, rowsLeft),
      encoding: countField(fields, 2, RLE_DICTIONARY),
      levels: isOptional ? page.subarray(4, start) : undefined,
      data: page.subarray(start),
    };
  }
  if (header.get(1) !== DATA_PAGE_V2) throw new Error(`a page of type ${header.get(1)}`);
  const fields = structField(header, 8);
  const levelBytes = countField(fields, 5, Math.min(body.length, size));
  const stored = body.subarray(levelBytes);
  return {
    values: countField(fields, 1, rowsLeft),
    encoding: countField(fields, 4, RLE_DICTIONARY),
    levels: isOptional && levelBytes > 0 ? body.subarray(0, levelBytes) : undefined,
    data: fields.get(7) === false ? stored : decompress(stored, size - levelBytes, codec),
  };
}

function pageValues({ encoding, data, values }: Page, dictionary: readonly Uint8Array[]): Generator<Uint8Array> {
  switch (encoding) {
    case PLAIN:
      return readPlain(data);
    case PLAIN_DICTIONARY:
    case RLE_DICTIONARY:
      return lookUp(data, values, dictionary);
    case DELTA_LENGTH_BYTE_ARRAY:
      return readDeltaLengths(data, values);
    case DELTA_BYTE_ARRAY:
      return readDeltaByteArrays(data, values);
    default:
      throw new Error(`a page of encoding ${encoding}`);
  }
}

/** Numbers of entries of the dictionary, after the bits that each takes. */
function* lookUp(data: Uint8Array, count: number, dictionary: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const [index, length] of readRuns(data.subarray(1), data[0] ?? 0, count)) {
    const value = dictionary[index];
    if (value === undefined) throw new Error(`entry ${index} of a dictionary of ${dictionary.length}`);
    for (let repeat = 0; repeat < length; repeat++) yield value;
  }
}

/** A field that counts something, of which there can be `max`. */
function countField(fields: ThriftStruct, id: number, max: number): number {
  const value = fields.get(id);
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  throw new Error(`a page header that says ${String(value)} where at max ${max} is possible`);
}

function structField(fields: ThriftStruct, id: number): ThriftStruct {
  const value = fields.get(id);
  if (value instanceof Map) return value;
  throw new Error('a page header without its fields');
}
