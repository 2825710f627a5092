/** @file A file that is being downloaded: the bytes received so far, from the first on, and their hash. */

import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exists, syncFile } from '../support/files.ts';
import { openRegularFile } from '../support/regular-file.ts';
import { startHash } from './checksum.ts';
import type { HubFile } from './repository.ts';

const READ_BYTES = 1 << 20;

/** The content received is not what the hub lists. */
export class WrongContent extends Error {}

export class PartialFile {
  readonly #handle: FileHandle;
  readonly #file: HubFile;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  #hash: Hash;
  #bytes = 0;

  private constructor(handle: FileHandle, file: HubFile, onProgress: ((bytes: number) => void) | undefined) {
    this.#handle = handle;
    this.#file = file;
    this.#onProgress = onProgress;
    this.#hash = startHash(file.checksum, file.bytes);
  }

  /** Opens the part of the file that an earlier process left, or an empty one. */
  static async open(path: string, file: HubFile, onProgress?: (bytes: number) => void): Promise<PartialFile> {
    const handle = (await exists(path)) ? await openRegularFile(path, constants.O_RDWR) : await open(path, 'w+');
    const part = new PartialFile(handle, file, onProgress);
    try {
      const { size } = await handle.stat();
      if (size > file.bytes) await part.empty();
      else await part.#readAgain(size);
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    return part;
  }

  async #readAgain(size: number): Promise<void> {
    const buffer = Buffer.alloc(Math.min(READ_BYTES, size));
    while (this.#bytes < size) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#bytes);
      if (bytesRead === 0) break;
      this.#count(buffer.subarray(0, bytesRead));
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(piece: Uint8Array): Promise<void> {
    for (let written = 0; written < piece.length; ) {
      const position = this.#bytes + written;
      written += (await this.#handle.write(piece, written, piece.length - written, position)).bytesWritten;
    }
    this.#count(piece);
  }

  #count(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#bytes += piece.length;
    this.#onProgress?.(this.#bytes);
  }

  /** Discards what has been received and starts over. */
  async empty(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = startHash(this.#file.checksum, this.#file.bytes);
    this.#bytes = 0;
    this.#onProgress?.(0);
  }

  /** @throws WrongContent when the whole file does not have the checksum that the hub lists. */
  check(): void {
    const { algorithm, hex } = this.#file.checksum;
    const found = this.#hash.digest('hex');
    if (found !== hex) throw new WrongContent(`expected ${algorithm} ${hex}, found ${found}`);
  }

  sync(): Promise<void> {
    return syncFile(this.#handle);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
