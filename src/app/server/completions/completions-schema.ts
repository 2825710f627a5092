/** @file What a client of the completions API may ask for. Fields that are not named here are ignored. */

import { z } from 'zod';
import { UserError } from '../../../support/errors.ts';
import { validate } from '../../../support/json.ts';
import { MAX_LOGPROBS, MAX_N } from './limits.ts';
import {
  logitBiasSchema,
  type Prompt,
  promptSchema,
  readLogitBias,
  readPrompts,
  readStops,
  stopSchema,
} from './request-lists.ts';

/** A field that may be missing or null; both mean its default. */
const optional = <T extends z.ZodType>(schema: T, value: z.output<T>) =>
  schema.nullish().transform((given): z.output<T> => given ?? value);

/** All fields but those that `request-lists.ts` reads. */
const fieldsSchema = z.object({
  prompt: z.unknown().optional(),
  stop: z.unknown().optional(),
  logit_bias: z.unknown().optional(),
  model: z.string().nullish(),
  max_tokens: optional(z.int().min(0), 16),
  temperature: optional(z.number().min(0).max(2), 1),
  top_p: optional(z.number().gt(0).max(1), 1),
  n: optional(z.int().min(1).max(MAX_N), 1),
  /** Of so many texts the best would be chosen. */
  best_of: z.int().nullish(),
  seed: z.int().nullish(),
  echo: optional(z.boolean(), false),
  logprobs: z.int().min(0).max(MAX_LOGPROBS).nullish(),
  presence_penalty: optional(z.number().min(-2).max(2), 0),
  frequency_penalty: optional(z.number().min(-2).max(2), 0),
  suffix: z.literal('', { error: 'is not supported; leave it out' }).nullish(),
  stream: optional(z.boolean(), false),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  // not in OpenAI's API, but in vLLM's
  top_k: optional(z.int().min(-1), 0),
  min_p: optional(z.number().min(0).max(1), 0),
  ignore_eos: optional(z.boolean(), false),
  return_tokens_as_token_ids: optional(z.boolean(), false),
});

/** What a client may send, as JSON Schema has it. */
export const completionRequestSchema = fieldsSchema.extend({
  prompt: promptSchema,
  stop: stopSchema,
  logit_bias: logitBiasSchema,
});

export interface CompletionBody extends Omit<z.output<typeof fieldsSchema>, 'prompt' | 'stop' | 'logit_bias'> {
  readonly prompts: readonly Prompt[];
  readonly stops: readonly string[];
  readonly logitBias: ReadonlyMap<number, number>;
}

/**
 * Checks what a client sent.
 * @throws UserError naming the first wrong field
 */
export function completionBody(value: unknown): CompletionBody {
  const { prompt, stop, logit_bias, ...fields } = validate(fieldsSchema, value, 'request');
  const { best_of = null, n, top_k } = fields;
  if (best_of !== null && best_of !== n)
    throw new UserError(
      `request: best_of: is not supported; leave it out or give ${n}, as many as n, found ${best_of}`,
    );
  return {
    ...fields,
    // vLLM's name for all tokens
    top_k: Math.max(0, top_k),
    prompts: readPrompts(prompt),
    stops: readStops(stop),
    logitBias: readLogitBias(logit_bias),
  };
}
