/**
 * @file A stream of tokens of unknown length cut into shards on disk, then split into validation and training. Shards
 * are filled one after the other; only when the stream has ended is it known which token is the last of validation,
 * and then at most one shard is written again, as the two that meet there.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Shard } from './shard.ts';
import { type Split, shardName } from './shard-names.ts';
import { ShardWriter, type WrittenShard } from './shard-writer.ts';

const COPIED_TOKENS = 1 << 20;

/** A shard under its final name. */
export interface NamedShard {
  readonly name: string;
  readonly split: Split;
  readonly tokens: number;
  readonly sha256: string;
}

export class ShardSpool {
  readonly #folder: string;
  readonly #shardTokens: number;
  readonly #full: WrittenShard[] = [];
  #writer: ShardWriter | undefined;
  #written = 0;

  /** @param folder an existing, empty folder that is this spool's alone. */
  constructor(folder: string, shardTokens: number) {
    this.#folder = folder;
    this.#shardTokens = shardTokens;
  }

  /** Tokens appended so far. */
  get tokens(): number {
    return this.#written;
  }

  async append(tokens: Uint16Array): Promise<void> {
    for (let start = 0; start < tokens.length; ) {
      const path = join(this.#folder, `spool_${this.#full.length}.bin`);
      this.#writer ??= await ShardWriter.create(path, this.#shardTokens);
      const slice = tokens.subarray(start, start + this.#shardTokens - this.#writer.tokens);
      await this.#writer.append(slice);
      start += slice.length;
      this.#written += slice.length;
      if (this.#writer.tokens === this.#shardTokens) await this.#closeShard();
    }
  }

  async #closeShard(): Promise<void> {
    if (this.#writer === undefined) return;
    this.#full.push(await this.#writer.close());
    this.#writer = undefined;
  }

  /** Ends the stream: its first `validationTokens` become validation shards, the rest training shards, all in the folder. */
  async finish(validationTokens: number): Promise<NamedShard[]> {
    await this.#closeShard();
    const named: NamedShard[] = [];
    const name = (split: Split) => shardName(split, named.length);
    let start = 0;
    for (const shard of this.#full) {
      const ofValidation = Math.min(shard.tokens, Math.max(0, validationTokens - start));
      start += shard.tokens;
      if (ofValidation > 0 && ofValidation < shard.tokens) {
        named.push(await this.#copy(shard, 0, ofValidation, 'validation', name('validation')));
        named.push(await this.#copy(shard, ofValidation, shard.tokens, 'train', name('train')));
      } else {
        const split = ofValidation > 0 ? 'validation' : 'train';
        const finalName = name(split);
        await rename(shard.path, join(this.#folder, finalName));
        named.push({ name: finalName, split, tokens: shard.tokens, sha256: shard.sha256 });
      }
    }
    return named;
  }

  async #copy(source: WrittenShard, start: number, end: number, split: Split, name: string): Promise<NamedShard> {
    const shard = new Shard(source.path);
    const writer = await ShardWriter.create(join(this.#folder, name), end - start);
    try {
      for (let position = start; position < end; position += COPIED_TOKENS) {
        await writer.append(shard.read(position, Math.min(COPIED_TOKENS, end - position)));
      }
    } finally {
      shard.close();
    }
    const { tokens, sha256 } = await writer.close();
    return { name, split, tokens, sha256 };
  }

  /** Closes what is open, when nothing of the stream will be used. */
  async abandon(): Promise<void> {
    await this.#writer?.abandon();
    this.#writer = undefined;
  }
}
