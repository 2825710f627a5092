/** @file A file as a source of bytes. */

import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from './byte-source.ts';
import { UserError } from './errors.ts';
import { fileError } from './files.ts';
import { openRegularFile } from './regular-file.ts';

/** Bytes asked of the system at a time. */
const READ_BYTES = 2 ** 28;

/**
 * Opens a regular file.
 * @throws UserError when there is none, or the system does not open it.
 */
export async function openFileSource(path: string): Promise<ByteSource> {
  let handle: FileHandle | undefined;
  try {
    const opened = await openRegularFile(path);
    handle = opened;
    const { size } = await opened.stat();
    return {
      name: path,
      size,
      read: (offset, target) => readFully(opened, offset, target, path),
      close: () => opened.close(),
    };
  } catch (cause) {
    await handle?.close();
    throw fileError(path, 'read it', cause);
  }
}

async function readFully(handle: FileHandle, offset: number, target: Uint8Array, path: string): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(READ_BYTES, target.length - done);
    const { bytesRead } = await handle.read(target, done, length, offset + done).catch((cause: unknown) => {
      throw fileError(path, 'read it', cause);
    });
    if (bytesRead === 0)
      throw new UserError(
        `${path}: expected bytes at ${offset + done}, found the end; it was changed while being read`,
      );
    done += bytesRead;
  }
}
