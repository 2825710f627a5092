/** @file Whether a model fits what it is to be evaluated on, found out before anything is computed. */

import type { ShardSet } from '../data/dataset.ts';
import { type EvaluationBatches, evaluationBatches } from '../data/evaluation-batches.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { requireGpt2Vocabulary } from '../generate/open-model.ts';
import type { Weights } from '../generate/weights.ts';
import { UserError } from '../support/errors.ts';

/** Which tokens of which shards are predicted, and how many at once. */
export interface ValidationOptions {
  /** Shards whose first tokens are predicted; undefined for no validation. */
  readonly shards: ShardSet | undefined;
  /** Most tokens to predict. */
  readonly evalTokens: number;
  /** Rows that are evaluated together; it changes no number. */
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
 * @throws UserError when shards or limit hold less than a row, or the model's context does.
 */
export function validationBatches(options: ValidationOptions, config: Gpt2Config): EvaluationBatches | undefined {
  const { shards, evalTokens: maxTokens, batchSize } = options;
  if (!shards) return undefined;
  const { vocabularySize } = config;
  const sequenceLength = rowLength(options, config);
  return evaluationBatches(shards, { batchSize, sequenceLength, maxTokens, vocabularySize, rank: 0, worldSize: 1 });
}

/**
 * Reads every validation token, which is quick beside predicting it, and looks at the vocabulary that HellaSwag needs.
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
 * Looks at a model.
 * @throws UserError of `look` with the model's name in front.
 */
export function withModelName<T>(name: string, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    throw cause instanceof UserError ? new UserError(`${name}: ${cause.message}`) : cause;
  }
}
