/** @file HellaSwag as a model reads it: examples as tokens. */

import { encode } from '../data/tokenizer/tokenizer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { requireGpt2Vocabulary } from '../generate/load-session.ts';
import { UserError } from '../support/errors.ts';
import type { HellaswagExample } from './hellaswag-examples.ts';
import type { ScoringRequest } from './packing.ts';

export interface HellaswagTask {
  /** A context and its four endings each. */
  readonly requests: readonly ScoringRequest[];
  /** Which ending is right. */
  readonly labels: readonly number[];
}

/**
 * The task for models of this size.
 * @throws UserError when the vocabulary is not GPT-2's, or an ending does not fit the context.
 */
export function hellaswagTask(
  examples: readonly HellaswagExample[],
  config: Pick<Gpt2Config, 'contextLength' | 'vocabularySize'>,
): HellaswagTask {
  requireGpt2Vocabulary(config, 'HellaSwag');
  return {
    requests: examples.map((example) => encodeExample(example, config.contextLength)),
    labels: examples.map(({ label }) => label),
  };
}

/**
 * Context and " " + ending, encoded separately. Where a model's context is too short for both, the first tokens of the
 * text are dropped.
 */
function encodeExample({ context, endings }: HellaswagExample, contextLength: number): ScoringRequest {
  const continuations = endings.map((ending) => encode(` ${ending}`));
  // the last token of an ending is predicted but not read
  const longest = Math.max(...continuations.map(({ length }) => length - 1));
  const room = contextLength - longest;
  if (room < 1)
    throw new UserError(
      `HellaSwag: expected endings that fit the model's context of ${contextLength} tokens, found one of ${longest + 1} after "${context.slice(0, 40)}"; evaluate without it`,
    );
  return { context: encode(context).slice(-room), continuations };
}
