/**
 * @file The one door through which input files are opened. Only a regular file passes: a FIFO or a device may keep a reader
 * waiting, or feed it, forever.
 */

import { closeSync, constants, fstatSync, openSync, type ReadStream, readSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { UserError } from './errors.ts';

/** Opening does not wait for the other end of a FIFO that takes the file's place after it was looked at. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const READ_BYTES = 1 << 20;

/**
 * Opens a file for reading, or with other flags of the system.
 * @throws UserError naming what is there instead of a regular file; the system's error when it does not open the file.
 */
export async function openRegularFile(path: string, flags: number = READ): Promise<FileHandle> {
  checkRegular(path, await stat(path));
  const file = await open(path, flags);
  try {
    checkRegular(path, await file.stat());
    return file;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/** The same, synchronously; the caller closes the descriptor. */
export function openRegularFileSync(path: string): number {
  checkRegular(path, statSync(path));
  const file = openSync(path, READ);
  try {
    checkRegular(path, fstatSync(file));
    return file;
  } catch (cause) {
    closeSync(file);
    throw cause;
  }
}

/** The bytes of a file in order, a piece at a time; for errors see `openRegularFile`. */
export async function* streamRegularFile(path: string): AsyncGenerator<Buffer> {
  const stream = (await openRegularFile(path)).createReadStream({ highWaterMark: READ_BYTES });
  try {
    yield* stream;
  } finally {
    await closeStream(stream);
  }
}

/** Waits until the file of a stream is closed, which a stream that has ended does not: Windows removes no open file. */
export function closeStream(stream: ReadStream): Promise<void> {
  return new Promise((resolve) => stream.close(() => resolve()));
}

/**
 * A whole file. No more than `maxBytes` and a piece are read, whatever size the file claims.
 * @throws UserError when it holds more; for other errors see `openRegularFile`.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer> {
  const file = await openRegularFile(path);
  const { size } = await file.stat();
  if (size > maxBytes) {
    await file.close();
    throw tooLarge(path, maxBytes, size);
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  const stream = file.createReadStream({ highWaterMark: READ_BYTES, end: maxBytes });
  try {
    for await (const piece of stream) {
      pieces.push(piece);
      bytes += piece.length;
    }
  } finally {
    await closeStream(stream);
  }
  if (bytes > maxBytes) throw tooLarge(path, maxBytes, bytes);
  return Buffer.concat(pieces);
}

/** The same, synchronously, for small files. */
export function readRegularFileSync(path: string, maxBytes: number): Buffer {
  const file = openRegularFileSync(path);
  try {
    const bytes = Buffer.alloc(maxBytes + 1);
    let filled = 0;
    for (let read = -1; read !== 0 && filled < bytes.length; filled += read)
      read = readSync(file, bytes, filled, bytes.length - filled, null);
    if (filled > maxBytes) throw tooLarge(path, maxBytes, filled);
    return bytes.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

/** @throws UserError naming what is there instead of a regular file. */
export function checkRegular(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  const [found, advice] = stats.isDirectory()
    ? ['a folder', 'name a file in it']
    : [describeKind(stats), 'write what it gives to a file first, and name that'];
  throw new UserError(`${path}: expected a regular file, found ${found}; ${advice}`);
}

function describeKind(stats: Stats): string {
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function tooLarge(path: string, maxBytes: number, found: number): UserError {
  return new UserError(
    `${path}: expected at most ${maxBytes} bytes, found ${found} or more; it is not what its name says`,
  );
}
