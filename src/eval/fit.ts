/** @file Checks, before anything is computed, that a model fits what it is to be evaluated on. */

import { type EvaluationBatches, evaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { ShardSet } from '../data/shards/dataset.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import type { Weights } from '../generate/initial-weights.ts';
import { requireGpt2Vocabulary } from '../generate/load-session.ts';
import { UserError } from '../support/errors.ts';

/** Which tokens of which shards are predicted, and how many at once. */
export interface ValidationOptions {
  /** Shards whose first tokens are predicted; undefined for no validation. */
  readonly shards: ShardSet | undefined;
  /** Maximum number of tokens to predict. */
  readonly evalTokens: number;
  /** Rows that are evaluated together; no result depends on it. */
  readonly batchSize: number;
  /** Tokens of a row; default: the model's context. */
  readonly sequenceLength: number | undefined;
}

function rowLength({ sequenceLength }: ValidationOptions, { contextLength }: Gpt2Config): number {
  if (sequenceLength === undefined || sequenceLength <= contextLength) return sequenceLength ?? contextLength;
  throw new UserError(
    `expected a context of at least ${sequenceLength} tokens, as --sequence-length asks for, found one of ${contextLength}; take --sequence-length ${contextLength}`,
  );
}

/**
 * The batches a model is validated on; undefined for no validation.
 * @throws UserError when the shards, the limit or the model's context hold less than a row.
 */
export function validationBatches(options: ValidationOptions, config: Gpt2Config): EvaluationBatches | undefined {
  const { shards, evalTokens: maxTokens, batchSize } = options;
  if (!shards) return undefined;
  const { vocabularySize } = config;
  const sequenceLength = rowLength(options, config);
  return evaluationBatches(shards, { batchSize, sequenceLength, maxTokens, vocabularySize, rank: 0, worldSize: 1 });
}

/**
 * Reads every validation token, which is quick compared with predicting it, and checks for the vocabulary that HellaSwag
 * needs.
 * @throws UserError naming the model that does not fit.
 */
export function checkFit(
  { name, config }: Pick<Weights, 'name' | 'config'>,
  options: Omit<ValidationOptions, 'batchSize'> & { readonly hellaswag: boolean },
): void {
  withModelName(name, () => {
    if (options.hellaswag) requireGpt2Vocabulary(config, 'HellaSwag');
    for (const _ of validationBatches({ ...options, batchSize: 1 }, config) ?? []);
  });
}

/**
 * Calls `check`, which looks at a model.
 * @throws UserError of `check` with the model's name in front.
 */
export function withModelName<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw cause instanceof UserError ? new UserError(`${name}: ${cause.message}`) : cause;
  }
}
