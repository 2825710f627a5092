/** @file A file as it shall stand in a repository: of this disk, or made in memory. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileError } from '../../support/files.ts';
import { closeStream } from '../../support/regular-file.ts';
import { type Checksum, startHash } from '../checksum.ts';

export interface UploadFile {
  /** In the repository. */
  readonly path: string;
  readonly content: { readonly file: string } | { readonly bytes: Uint8Array };
}

/** @throws UserError when the file cannot be read. */
export async function sizeOf({ content }: UploadFile): Promise<number> {
  if ('bytes' in content) return content.bytes.length;
  return stat(content.file).then(
    ({ size }) => size,
    (cause: unknown) => {
      throw fileError(content.file, 'read it', cause);
    },
  );
}

/**
 * The bytes from `start` to `end`, in pieces.
 * @throws UserError when the file cannot be read.
 */
export async function* readPieces({ content }: UploadFile, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (start >= end) return;
  if ('bytes' in content) return yield content.bytes.subarray(start, end);
  const stream = createReadStream(content.file, { start, end: end - 1 });
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (cause) {
    throw fileError(content.file, 'read it', cause);
  } finally {
    await closeStream(stream);
  }
}

/** The checksum in hexadecimal of a file of so many bytes. */
export async function digest(
  file: UploadFile,
  algorithm: Checksum['algorithm'],
  bytes: number,
  signal: AbortSignal,
): Promise<string> {
  const hash = startHash({ algorithm }, bytes);
  for await (const piece of readPieces(file, 0, bytes)) {
    signal.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest('hex');
}
