/** @file One shard being written, piece by piece: its sha256 is known when it is closed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from '../support/files.ts';
import { BIN_HEADER_BYTES, binHeader } from './shard-format.ts';

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
  readonly #expectedTokens: number;
  readonly #hash = createHash('sha256');
  #tokens = 0;
  #position = BIN_HEADER_BYTES;

  private constructor(path: string, file: FileHandle, expectedTokens: number) {
    this.#path = path;
    this.#file = file;
    this.#expectedTokens = expectedTokens;
  }

  /**
   * Starts a `.bin` shard at `path`.
   * @param expectedTokens goes into the header now; a shard closed with another count costs one more read of the file.
   */
  static async create(path: string, expectedTokens: number): Promise<ShardWriter> {
    try {
      const writer = new ShardWriter(path, await open(path, 'w'), expectedTokens);
      const header = binHeader(expectedTokens);
      writer.#hash.update(header);
      await writer.#file.write(header, 0, header.length, 0);
      return writer;
    } catch (cause) {
      throw fileError(path, 'write it', cause);
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

  /** Flushes the shard to disk and closes it. */
  async close(): Promise<WrittenShard> {
    const countAsExpected = this.#tokens === this.#expectedTokens;
    try {
      if (!countAsExpected) await this.#file.write(binHeader(this.#tokens), 0, BIN_HEADER_BYTES, 0);
      await this.#file.sync();
    } catch (cause) {
      throw fileError(this.#path, 'write it', cause);
    } finally {
      await this.#file.close();
    }
    const sha256 = countAsExpected ? this.#hash.digest('hex') : await sha256OfFile(this.#path);
    return { path: this.#path, tokens: this.#tokens, sha256 };
  }

  /** Closes an unfinished shard that nobody will read. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Buffer);
  return hash.digest('hex');
}
