/** @file Validation batches: the first windows of the shards, unshuffled; the same tokens for any batch and world. */
import { UserError } from '../../support/errors.ts';
import type { TokenShards } from './token-shards.ts';
import { type Batch, emptyBatch, Windows } from './windows.ts';

/** The target of a row past the end of the data: it counts for nothing. */
export const IGNORED_TARGET = -1;

export interface EvaluationOptions {
  /** Rows a batch on one rank (B). */
  readonly batchSize: number;
  /** Tokens a row (T). */
  readonly sequenceLength: number;
  /** Upper limit of the predicted tokens over all ranks; whole windows up to it are used. */
  readonly maxTokens: number;
  readonly rank: number;
  readonly worldSize: number;
  readonly vocabularySize: number;
}

/** The batches of one rank; every rank has the same number of them, so that ranks can meet after each. */
export interface EvaluationBatches extends Iterable<Batch> {
  /** Predicted tokens over all ranks and batches: what the summed loss is divided by. */
  readonly tokenCount: number;
  /** Batches of each rank. */
  readonly batchCount: number;
  /** Tokens a row (T). */
  readonly sequenceLength: number;
}

/**
 * The validation batches of a rank. Batch i, row b is window (i·W + r)·B + b; rows past the last window have tokens 0
 * and targets −1. May be iterated again and again.
 * @throws UserError when the shards or the limit hold less than one window.
 */
export function evaluationBatches(shards: TokenShards, options: EvaluationOptions): EvaluationBatches {
  const { batchSize, sequenceLength, maxTokens, rank, worldSize, vocabularySize } = options;
  const windows = new Windows(shards, sequenceLength, vocabularySize);
  if (windows.count === 0) {
    const found = `found ${shards.tokenCount} in ${shards.shards.length} shards`;
    throw new UserError(
      `validation data: expected a shard of at least ${sequenceLength + 1} tokens, ${found}; add text, shorten --sequence-length, or train without validation (--eval-every 0)`,
    );
  }
  if (maxTokens < sequenceLength) {
    throw new UserError(
      `validation data: expected a limit of at least ${sequenceLength} tokens, found ${maxTokens}; raise --eval-tokens`,
    );
  }
  const used = Math.min(windows.count, Math.floor(maxTokens / sequenceLength));
  const batchCount = Math.ceil(used / (batchSize * worldSize));

  function* batches(): Generator<Batch> {
    for (let i = 0; i < batchCount; i++) {
      const batch = emptyBatch(batchSize, sequenceLength);
      for (let row = 0; row < batchSize; row++) {
        const window = (i * worldSize + rank) * batchSize + row;
        if (window < used) windows.copy(window, batch, row);
        else batch.targets.fill(IGNORED_TARGET, row * sequenceLength, (row + 1) * sequenceLength);
      }
      yield batch;
    }
  }
  return { tokenCount: used * sequenceLength, batchCount, sequenceLength, [Symbol.iterator]: batches };
}
