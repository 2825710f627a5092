/**
 * @file A stream of tokens cut into shards on disk. They are called `spool_0.bin`, … until the stream has ended: only
 * then is it known which of them are validation.
 */
import { join } from 'node:path';
import { syncFolder } from '../../support/files.ts';
import type { ShardNaming } from '../shards/shard-names.ts';
import { ShardWriter, type WrittenShard } from '../shards/shard-writer.ts';

/** What one call of `append` did. */
export interface Appended {
  /** Tokens that were taken, those up to the end of the shard at most. */
  readonly tokens: number;
  /** The sum of the shard, where they filled it. */
  readonly sha256?: string;
}

export interface SpoolOptions {
  /** An existing folder that is this spool's alone. */
  readonly folder: string;
  readonly shardTokens: number;
  readonly extension: ShardNaming['extension'];
}

export class ShardSpool {
  readonly #options: SpoolOptions;
  readonly #full: WrittenShard[];
  #writer: ShardWriter | undefined;

  private constructor(options: SpoolOptions, full: WrittenShard[], writer?: ShardWriter) {
    this.#options = options;
    this.#full = full;
    this.#writer = writer;
  }

  /** Goes on after the first `tokens`, whose full shards have these sums; from the beginning by default. */
  static async open(options: SpoolOptions, tokens = 0, shardSums: readonly string[] = []): Promise<ShardSpool> {
    const { shardTokens } = options;
    const full = shardSums.map((sha256, index) => ({ path: spoolPath(options, index), tokens: shardTokens, sha256 }));
    const started = tokens - full.length * shardTokens;
    if (started === 0) return new ShardSpool(options, full);
    return new ShardSpool(
      options,
      full,
      await ShardWriter.resume(spoolPath(options, full.length), shardTokens, started),
    );
  }

  /** Tokens so far. */
  get tokens(): number {
    return this.#full.length * this.#options.shardTokens + (this.#writer?.tokens ?? 0);
  }

  /** Appends some tokens, up to the end of the shard. A shard that is full is on disk when this returns. */
  async append(tokens: Uint16Array): Promise<Appended> {
    const { folder, shardTokens } = this.#options;
    if (this.#writer === undefined) {
      this.#writer = await ShardWriter.create(spoolPath(this.#options, this.#full.length), shardTokens);
      await syncFolder(folder);
    }
    const slice = tokens.subarray(0, shardTokens - this.#writer.tokens);
    await this.#writer.append(slice);
    if (this.#writer.tokens < shardTokens) return { tokens: slice.length };
    const shard = await this.#writer.close();
    this.#writer = undefined;
    this.#full.push(shard);
    return { tokens: slice.length, sha256: shard.sha256 };
  }

  /** Flushes what was appended so far to disk. */
  async sync(): Promise<void> {
    await this.#writer?.sync();
  }

  /** Ends the stream and gives its shards, the last of which may not be full. */
  async end(): Promise<readonly WrittenShard[]> {
    const last = await this.#writer?.close();
    this.#writer = undefined;
    return last === undefined ? this.#full : [...this.#full, last];
  }

  /** Closes what is open; a later build can continue from what is on record. */
  async abandon(): Promise<void> {
    await this.#writer?.abandon();
    this.#writer = undefined;
  }
}

function spoolPath({ folder, extension }: SpoolOptions, index: number): string {
  return join(folder, `spool_${index}.${extension}`);
}
