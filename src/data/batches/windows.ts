/**
 * @file Shards cut into windows of T+1 tokens that start every T tokens and never cross a shard's end: the first T
 * tokens of a window are inputs, the last T their targets.
 */
import { shardError } from '../shards/shard-error.ts';
import type { TokenShard, TokenShards } from './token-shards.ts';

/** Rows of token ids and, for each token, the one to be predicted after it; both [rows, sequence length]. */
export interface Batch {
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
}

/** A batch of zeros to be filled by `Windows.copy`. */
export function emptyBatch(rows: number, sequenceLength: number): Batch {
  return { tokens: new Int32Array(rows * sequenceLength), targets: new Int32Array(rows * sequenceLength) };
}

export class Windows {
  /** How many windows the shards hold together. */
  readonly count: number;
  readonly #sequenceLength: number;
  readonly #vocabularySize: number;
  readonly #shards: TokenShard[];
  /** The number of the first window of each shard. */
  readonly #firstWindows: number[] = [];
  readonly #window: Uint16Array;

  /** @param vocabularySize tokens at or above it are refused when they are read. */
  constructor(shards: TokenShards, sequenceLength: number, vocabularySize: number) {
    this.#sequenceLength = sequenceLength;
    this.#vocabularySize = vocabularySize;
    this.#shards = shards.shards.filter((shard) => shard.tokenCount > sequenceLength);
    this.#window = new Uint16Array(sequenceLength + 1);
    let count = 0;
    for (const shard of this.#shards) {
      this.#firstWindows.push(count);
      count += Math.floor((shard.tokenCount - 1) / sequenceLength);
    }
    this.count = count;
  }

  /**
   * Copies window number `index` into a row of a batch.
   * @throws UserError naming file and token offset when a token is not in the vocabulary.
   */
  copy(index: number, batch: Batch, row: number): void {
    const number = this.#shardOf(index);
    const shard = this.#shards[number]!;
    const length = this.#sequenceLength;
    const window = this.#window;
    const start = (index - this.#firstWindows[number]!) * length;
    shard.readInto(window, start);
    const { tokens, targets } = batch;
    const rowStart = row * length;
    for (let i = 0; i <= length; i++) {
      const token = window[i]!;
      if (token >= this.#vocabularySize) {
        const problem = `token ${token} at offset ${start + i} is not in a vocabulary of ${this.#vocabularySize}`;
        throw shardError(shard.path, `${problem}; was it made by another tokenizer?`);
      }
      if (i < length) tokens[rowStart + i] = token;
      if (i > 0) targets[rowStart + i - 1] = token;
    }
  }

  /** The last shard whose first window is not after `index`. */
  #shardOf(index: number): number {
    let low = 0;
    let high = this.#firstWindows.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#firstWindows[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
