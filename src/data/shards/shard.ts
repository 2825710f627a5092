/** @file One shard, open for reading: slices of tokens by position, never the whole file. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { fileError } from '../../support/files.ts';
import { openRegularFileSync } from '../../support/regular-file.ts';
import { shardError } from './shard-error.ts';
import { BYTES_PER_TOKEN, readShardLayout, type ShardLayout } from './shard-format.ts';

export class Shard {
  readonly path: string;
  readonly tokenCount: number;
  readonly #file: number;
  readonly #dataOffset: number;

  /**
   * Opens a `.bin` or `.npy` shard and checks its header and size.
   * @throws UserError naming the file when it cannot be opened, is not a shard, or is shorter than its header says.
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openRegularFileSync(path);
    } catch (cause) {
      throw fileError(path, 'open it', cause);
    }
    let layout: ShardLayout;
    try {
      layout = readShardLayout(path, fstatSync(this.#file).size, (start, length) => {
        const bytes = Buffer.alloc(length);
        return bytes.subarray(0, readSync(this.#file, bytes, 0, length, start));
      });
    } catch (cause) {
      this.close();
      throw cause;
    }
    this.tokenCount = layout.tokenCount;
    this.#dataOffset = layout.dataOffset;
  }

  /** Fills `target` with the tokens from `start` on, all of which the shard must hold. */
  readInto(target: Uint16Array, start: number): void {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    let filled = 0;
    while (filled < bytes.length) {
      const position = this.#dataOffset + start * BYTES_PER_TOKEN + filled;
      const count = readSync(this.#file, bytes, filled, bytes.length - filled, position);
      if (count === 0) throw shardError(this.path, `ends before token ${start + target.length}; download it again`);
      filled += count;
    }
  }

  /** `count` tokens from `start` on, in an array of their own. */
  read(start: number, count: number): Uint16Array {
    const tokens = new Uint16Array(count);
    this.readInto(tokens, start);
    return tokens;
  }

  close(): void {
    closeSync(this.#file);
  }
}
