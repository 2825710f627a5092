/** @file One shard being written, piece by piece: its sha256 is known when it is closed. */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileError, syncFile } from '../../support/files.ts';
import { openRegularFile, streamRegularFile } from '../../support/regular-file.ts';
import { shardError } from './shard-error.ts';
import { BYTES_PER_TOKEN, shardHeader } from './shard-format.ts';

/** A shard that was written in full. */
export interface WrittenShard {
  readonly path: string;
  readonly tokens: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

export class ShardWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash;
  readonly #expectedTokens: number;
  #tokens: number;
  #position: number;

  private constructor(path: string, file: FileHandle, hash: Hash, expectedTokens: number, tokens: number) {
    this.#path = path;
    this.#file = file;
    this.#hash = hash;
    this.#expectedTokens = expectedTokens;
    this.#tokens = tokens;
    this.#position = shardHeader(path, expectedTokens).length + tokens * BYTES_PER_TOKEN;
  }

  /**
   * Starts a shard at `path`; its name says in which format.
   * @param expectedTokens goes into the header now; a shard closed with another count costs one more read of the file.
   */
  static async create(path: string, expectedTokens: number): Promise<ShardWriter> {
    try {
      const file = await open(path, 'w');
      const header = shardHeader(path, expectedTokens);
      await file.write(header, 0, header.length, 0);
      return new ShardWriter(path, file, createHash('sha256').update(header), expectedTokens, 0);
    } catch (cause) {
      throw fileError(path, 'write it', cause);
    }
  }

  /**
   * Goes on with a shard that was begun by `create`, keeping its first `tokens`.
   * @throws UserError when the file holds fewer.
   */
  static async resume(path: string, expectedTokens: number, tokens: number): Promise<ShardWriter> {
    const header = shardHeader(path, expectedTokens);
    const length = header.length + tokens * BYTES_PER_TOKEN;
    try {
      const file = await openRegularFile(path, constants.O_RDWR);
      const { size } = await file.stat();
      if (size < length) {
        await file.close();
        throw shardError(
          path,
          `expected ${length} bytes written before, found ${size}; remove its folder to begin anew`,
        );
      }
      await file.truncate(length);
      // it may have been closed as the last one, with the count it had then
      await file.write(header, 0, header.length, 0);
      return new ShardWriter(path, file, await hashOfFile(path), expectedTokens, tokens);
    } catch (cause) {
      throw fileError(path, 'go on with it', cause);
    }
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Appends tokens. */
  async append(tokens: Uint16Array): Promise<void> {
    const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
    this.#hash.update(bytes);
    try {
      for (let written = 0; written < bytes.length; ) {
        const count = bytes.length - written;
        written += (await this.#file.write(bytes, written, count, this.#position + written)).bytesWritten;
      }
    } catch (cause) {
      throw fileError(this.#path, 'write it', cause);
    }
    this.#position += bytes.length;
    this.#tokens += tokens.length;
  }

  /** Flushes to disk what was appended so far. */
  async sync(): Promise<void> {
    try {
      await syncFile(this.#file);
    } catch (cause) {
      throw fileError(this.#path, 'write it', cause);
    }
  }

  /** Flushes the shard to disk and closes it. */
  async close(): Promise<WrittenShard> {
    const countAsExpected = this.#tokens === this.#expectedTokens;
    try {
      const header = shardHeader(this.#path, this.#tokens);
      if (!countAsExpected) await this.#file.write(header, 0, header.length, 0);
      await syncFile(this.#file);
    } catch (cause) {
      throw fileError(this.#path, 'write it', cause);
    } finally {
      await this.#file.close();
    }
    const hash = countAsExpected ? this.#hash : await hashOfFile(this.#path);
    return { path: this.#path, tokens: this.#tokens, sha256: hash.digest('hex') };
  }

  /** Closes an unfinished shard that nobody will read, or that will be continued later. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }
}

async function hashOfFile(path: string): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const bytes of streamRegularFile(path)) hash.update(bytes);
  return hash;
}
