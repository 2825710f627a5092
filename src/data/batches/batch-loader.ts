/**
 * @file Training batches. The batch is a pure function of (seed, step, micro-step, rank, world size), and the batch of
 * all ranks together does not depend on how many there are: a loader has no state to save or to lose.
 */
import { UserError } from '../../support/errors.ts';
import { permute } from './permute.ts';
import type { TokenShards } from './token-shards.ts';
import { type Batch, emptyBatch, Windows } from './windows.ts';

export interface BatchLoaderOptions {
  /** Rows a micro-step on one rank (B). */
  readonly batchSize: number;
  /** Tokens a row (T). */
  readonly sequenceLength: number;
  /** Micro-steps a step (A). */
  readonly microSteps: number;
  readonly rank: number;
  readonly worldSize: number;
  readonly seed: number;
  /** Another random order each epoch, or the order of the files. */
  readonly shuffle: boolean;
  readonly vocabularySize: number;
}

export class BatchLoader {
  /** N: the windows in all shards, each of which is seen once an epoch. */
  readonly windowsPerEpoch: number;
  readonly #options: BatchLoaderOptions;
  readonly #windows: Windows;

  /** @throws UserError when no shard holds a whole window. */
  constructor(shards: TokenShards, options: BatchLoaderOptions) {
    this.#options = options;
    this.#windows = new Windows(shards, options.sequenceLength, options.vocabularySize);
    this.windowsPerEpoch = this.#windows.count;
    if (this.windowsPerEpoch === 0) {
      const needed = options.sequenceLength + 1;
      const largest = Math.max(0, ...shards.shards.map((shard) => shard.tokenCount));
      throw new UserError(
        `training data: expected a shard of at least ${needed} tokens, found at most ${largest}; add text or shorten --sequence-length`,
      );
    }
  }

  /**
   * The rows of this rank, [B, T]: with S = A·W·B windows a step, row b of micro-step m on rank r at step s is item
   * g = s·S + (m·W + r)·B + b, position g mod N of the order of epoch ⌊g/N⌋.
   */
  batch(step: number, microStep: number): Batch {
    const { batchSize, sequenceLength, microSteps, rank, worldSize, seed, shuffle } = this.#options;
    const count = this.windowsPerEpoch;
    const first = ((step * microSteps + microStep) * worldSize + rank) * batchSize;
    const batch = emptyBatch(batchSize, sequenceLength);
    for (let row = 0; row < batchSize; row++) {
      const item = first + row;
      const position = item % count;
      const window = shuffle ? permute(position, count, seed, Math.floor(item / count)) : position;
      this.#windows.copy(window, batch, row);
    }
    return batch;
  }
}
