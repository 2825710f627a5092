/** @file Decompression of a Parquet page into a buffer of the size that its header says, and no larger. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import type { CompressionCodec } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** @throws Error when it is damaged, or of another size. */
export function decompress(page: Uint8Array, bytes: number, codec: CompressionCodec | undefined): Uint8Array {
  const decompressed = run(page, bytes, codec);
  if (decompressed.length !== bytes) throw new Error(`a page of ${decompressed.length} bytes instead of ${bytes}`);
  return decompressed;
}

function run(page: Uint8Array, bytes: number, codec: CompressionCodec | undefined): Uint8Array {
  const bound = { maxOutputLength: Math.max(1, bytes) };
  if (codec === 'UNCOMPRESSED') return page;
  if (codec === 'GZIP') return gunzipSync(page, bound);
  if (codec === 'BROTLI') return brotliDecompressSync(page, bound);
  if (codec === 'ZSTD') return decompressZstd(page, bytes);
  const other = codec && compressors[codec];
  if (other === undefined) throw new Error(`a page compressed with ${codec}`);
  return other(page, bytes);
}

const MAGIC = 0xfd2fb528;
/** What decoders take (RFC 8878, 3.1.1.1.2, advises 8 MB; the command line takes 128 MB). */
const MAX_WINDOW_BYTES = 1 << 27;

/** Frames one after the other. */
function decompressZstd(page: Uint8Array, bytes: number): Uint8Array {
  const output = new Uint8Array(bytes);
  let filled = 0;
  for (let start = 0; start < page.length; ) {
    const end = endOfFrame(page, start);
    const frame = new Decompress((piece) => {
      if (piece.length > bytes - filled) throw new Error(`a page of more than ${bytes} bytes`);
      output.set(piece, filled);
      filled += piece.length;
    });
    frame.push(page.subarray(start, end), true);
    start = end;
  }
  return output.subarray(0, filled);
}

/** Where the frame ends that begins at `start` (RFC 8878, 3.1.1), whose window is found to be of a size that can be had. */
function endOfFrame(page: Uint8Array, start: number): number {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  if (view.getUint32(start, true) !== MAGIC) throw new Error('another kind of data than ZSTD');
  const flags = view.getUint8(start + 4);
  const isSingle = (flags & 0x20) !== 0;
  const sizeBytes = flags >> 6 ? 1 << (flags >> 6) : Number(isSingle);
  let offset = start + 5;
  let window = 0;
  if (!isSingle) {
    const descriptor = view.getUint8(offset++);
    window = 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
  }
  offset += [0, 1, 2, 4][flags & 3]!;
  for (let index = 0; isSingle && index < sizeBytes; index++) window += view.getUint8(offset + index) * 256 ** index;
  if (window > MAX_WINDOW_BYTES) throw new Error(`a ZSTD window of ${window} bytes`);
  offset += sizeBytes;
  for (let isLast = false; !isLast; ) {
    const head = view.getUint16(offset, true) + (view.getUint8(offset + 2) << 16);
    isLast = (head & 1) === 1;
    const isRun = ((head >> 1) & 3) === 1;
    offset += 3 + (isRun ? 1 : head >> 3);
  }
  offset += (flags & 4) === 0 ? 0 : 4;
  if (offset > page.length) throw new Error('ZSTD data that end early');
  return offset;
}
