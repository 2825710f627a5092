/** @file Writes a safetensors file in slices, so that no tensor is ever held twice. */

import { type FileHandle, open } from 'node:fs/promises';
import { fileError, syncFile } from '../support/files.ts';
import { safetensorsBytes, type TensorSource } from './safetensors-slices.ts';

/**
 * Writes tensors one after another in the given order and flushes the file to disk. The file is written in place; to have
 * all of it or nothing, write it inside `writeFolderAtomic`.
 * @throws UserError when the system refuses; whatever a source throws.
 */
export async function writeSafetensors(path: string, tensors: readonly TensorSource[]): Promise<void> {
  try {
    const handle = await open(path, 'w');
    try {
      for await (const bytes of safetensorsBytes(tensors)) await writeFully(handle, bytes);
      await syncFile(handle);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(path, 'write it', cause);
  }
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}
