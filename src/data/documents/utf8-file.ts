/** @file A file of UTF-8 text, plain or gzipped, read as a stream of strings. */
import { isUtf8 } from 'node:buffer';
import type { ReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../support/errors.ts';
import { fileError } from '../../support/files.ts';
import { closeStream, openRegularFile } from '../../support/regular-file.ts';
import { DamagedFileError } from './damaged-file.ts';

const CHUNK_BYTES = 1 << 18;
/** Gzip gives a thousand times as many bytes at most. */
const GZIP_CHUNK_BYTES = 1 << 14;

export interface Utf8Chunk {
  readonly text: string;
  /** Bytes read from disk since the chunk before. */
  readonly bytes: number;
}

/**
 * The text of a file in order; characters are never cut in two and a byte-order mark at the start is dropped.
 * @throws UserError when the file cannot be read; a DamagedFileError when it is damaged gzip, or not UTF-8 (naming the byte of
 * the text). What was given before does not depend on anything but the file.
 */
export async function* readUtf8File(path: string): AsyncGenerator<Utf8Chunk> {
  const file = await openStream(path);
  let incomplete: Uint8Array = new Uint8Array(0);
  let offset = 0;
  let bytesReported = 0;
  try {
    for await (const chunk of path.endsWith('.gz') ? gunzip(path, file) : plain(path, file)) {
      const bytes = incomplete.length === 0 ? chunk : Buffer.concat([incomplete, chunk]);
      const complete = bytes.subarray(0, bytes.length - incompleteTail(bytes));
      checkUtf8(path, complete, offset);
      const start = offset === 0 && hasByteOrderMark(complete) ? 3 : 0;
      incomplete = bytes.subarray(complete.length);
      offset += complete.length;
      const bytesRead = file.bytesRead;
      yield { text: complete.toString('utf8', start), bytes: bytesRead - bytesReported };
      bytesReported = bytesRead;
    }
    checkUtf8(path, incomplete, offset);
  } finally {
    await closeStream(file);
  }
}

async function openStream(path: string): Promise<ReadStream> {
  try {
    return (await openRegularFile(path)).createReadStream({
      highWaterMark: path.endsWith('.gz') ? GZIP_CHUNK_BYTES : CHUNK_BYTES,
    });
  } catch (cause) {
    throw fileError(path, 'read it', cause);
  }
}

async function* plain(path: string, file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* file;
  } catch (cause) {
    throw fileError(path, 'read it', cause);
  }
}

/** What each chunk of the file holds, up to the last before damage. */
async function* gunzip(path: string, file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const pieces: Buffer[] = [];
  gzip.on('data', (piece: Buffer) => pieces.push(piece));
  let settle = (_cause?: Error): void => {};
  gzip.on('error', (cause) => settle(cause));
  // what comes after the end is ignored, and its writing never answered
  gzip.on('end', () => settle());
  const settled = (run: (done: () => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      settle = (cause) => (cause ? reject(cause) : resolve());
      run(resolve);
    });
  try {
    for await (const chunk of file) {
      await settled((done) => gzip.write(chunk, done));
      yield* pieces.splice(0);
      if (gzip.readableEnded) break;
    }
    if (!gzip.readableEnded) await settled(() => gzip.end());
    yield* pieces;
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) throw fileError(path, 'read it', cause);
    throw new DamagedFileError(`${path}: expected gzip data, found damage (${messageOf(cause)}); download it again`);
  } finally {
    gzip.destroy();
  }
}

/** How many bytes a character that begins with this byte takes. */
function characterBytes(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** Bytes at the end that begin a character whose rest is still to come. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return characterBytes(byte) > back ? back : 0;
  }
  return 0;
}

const hasByteOrderMark = (bytes: Uint8Array) => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

function checkUtf8(path: string, bytes: Uint8Array, offset: number): void {
  if (isUtf8(bytes)) return;
  let index = 0;
  for (;;) {
    const end = index + characterBytes(bytes[index]!);
    if (end > bytes.length || !isUtf8(bytes.subarray(index, end))) break;
    index = end;
  }
  const found = `0x${bytes[index]!.toString(16).padStart(2, '0')}`;
  throw new DamagedFileError(
    `${path}: expected UTF-8, found byte ${found} at offset ${offset + index}; convert it with iconv`,
  );
}
