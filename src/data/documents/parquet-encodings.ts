/**
 * @file How a page of a Parquet file writes byte arrays and small numbers (parquet-format, "Encodings.md"). All of it is read as
 * it is asked for, and every step takes bytes of the page or is one of the values asked for, so that none goes on for ever.
 */
import { ThriftReader } from './thrift.ts';

/** The value of each run and how long it is. */
type Runs = Generator<readonly [value: number, length: number]>;

/** Numbers of `width` bits, runs of one number between groups of eight; `count` of them. */
export function* readRuns(bytes: Uint8Array, width: number, count: number): Runs {
  const reader = new ThriftReader(bytes);
  checkWidth(width);
  for (let left = count; left > 0; ) {
    const head = reader.readVarint();
    const isPacked = head % 2 === 1;
    const length = Math.min(left, isPacked ? 8 * ((head - 1) / 2) : head / 2);
    if (isPacked) {
      for (let index = 0; index < length; index++) yield [readBits(bytes, 8 * reader.offset + index * width, width), 1];
      reader.offset += width * ((head - 1) / 2);
    } else {
      const value = readBits(bytes, 8 * reader.offset, width);
      reader.offset += Math.ceil(width / 8);
      yield [value, length];
    }
    left -= length;
  }
}

/** Byte arrays one after the other, each after its length in four bytes. */
export function* readPlain(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < bytes.length; ) {
    const length = view.getUint32(offset, true);
    yield slice(bytes, offset + 4, length);
    offset += 4 + length;
  }
}

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. */
export function* readDeltaLengths(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  const { values: lengths, end } = readDeltas(bytes, 0, count);
  let offset = end;
  for (const length of lengths) {
    yield slice(bytes, offset, length);
    offset += length;
  }
}

/** DELTA_BYTE_ARRAY: how much each shares with the one before it, and the rest of each as DELTA_LENGTH_BYTE_ARRAY. */
export function* readDeltaByteArrays(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  const { values: prefixes, end } = readDeltas(bytes, 0, count);
  let value = new Uint8Array(0);
  let index = 0;
  for (const suffix of readDeltaLengths(bytes.subarray(end), count)) {
    const prefix = slice(value, 0, prefixes[index++] ?? -1);
    value = new Uint8Array(prefix.length + suffix.length);
    value.set(prefix);
    value.set(suffix, prefix.length);
    yield value;
  }
}

/** DELTA_BINARY_PACKED: at most `count` numbers of 32 bits from `start` on. */
function readDeltas(bytes: Uint8Array, start: number, count: number): { values: Int32Array; end: number } {
  const reader = new ThriftReader(bytes, start);
  const [blockSize, miniblocks, total] = [reader.readVarint(), reader.readVarint(), reader.readVarint()];
  const ofMiniblock = blockSize / miniblocks;
  if (!(miniblocks > 0 && ofMiniblock > 0 && ofMiniblock % 8 === 0 && total <= count))
    throw new Error(`${total} differences in blocks of ${blockSize} in ${miniblocks} parts`);
  const values = new Int32Array(total);
  let value = readSigned(reader);
  let filled = 0;
  if (total > 0) values[filled++] = value;
  while (filled < total) {
    const minDelta = readSigned(reader);
    const widths = slice(bytes, reader.offset, miniblocks);
    reader.offset += miniblocks;
    for (const width of widths) {
      if (filled === total) break;
      checkWidth(width);
      const length = Math.min(ofMiniblock, total - filled);
      for (let index = 0; index < length; index++) {
        value = (value + minDelta + readBits(bytes, 8 * reader.offset + index * width, width)) | 0;
        values[filled++] = value;
      }
      reader.offset += (width * ofMiniblock) / 8;
    }
  }
  return { values, end: reader.offset };
}

/** A signed number of 32 bits, of which a difference may take 33. */
function readSigned(reader: ThriftReader): number {
  const value = reader.readVarint();
  return (value % 2 === 0 ? value / 2 : -(value + 1) / 2) | 0;
}

/** An unsigned number of up to 32 bits, the lowest first. */
function readBits(bytes: Uint8Array, position: number, width: number): number {
  let value = 0;
  for (let got = 0; got < width; ) {
    const bit = (position + got) % 8;
    const byte = bytes[Math.floor((position + got) / 8)];
    if (byte === undefined) throw new Error('a page that ends early');
    const taken = Math.min(8 - bit, width - got);
    value += ((byte >> bit) & ((1 << taken) - 1)) * 2 ** got;
    got += taken;
  }
  return value;
}

function checkWidth(width: number): void {
  if (width > 32) throw new Error(`numbers of ${width} bits`);
}

function slice(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (length < 0 || start + length > bytes.length) throw new Error(`${length} bytes at ${start} of ${bytes.length}`);
  return bytes.subarray(start, start + length);
}
