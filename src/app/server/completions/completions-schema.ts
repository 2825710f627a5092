/** @file What a client of the completions API may ask for. Fields that are not named here are ignored. */

import { z } from 'zod';
import { UserError } from '../../../support/errors.ts';
import { validate } from '../../../support/json.ts';
import { MAX_LOGPROBS, MAX_N } from './limits.ts';
import { type Prompt, readPrompts, readStops } from './request-lists.ts';

/** A field that may be missing or null; both mean its default. */
const optional = <T extends z.ZodType>(schema: T, value: z.output<T>) =>
  schema.nullish().transform((given): z.output<T> => given ?? value);

/** A field of the API that this server accepts only with the value that changes nothing. */
const only = <T extends number | null>(value: T) =>
  z.literal(value, { error: `is not supported; leave it out or give ${value}` }).nullish();

/** All fields but the lists; for those see `request-lists.ts`. */
const fieldsSchema = z.object({
  prompt: z.unknown().optional(),
  stop: z.unknown().optional(),
  max_tokens: optional(z.int().min(0), 16),
  temperature: optional(z.number().min(0).max(2), 1),
  top_p: optional(z.number().gt(0).max(1), 1),
  /** Not in OpenAI's API, but in most servers that implement it. */
  top_k: optional(z.int().min(0), 0),
  n: optional(z.int().min(1).max(MAX_N), 1),
  seed: z.int().nullish(),
  echo: optional(z.boolean(), false),
  logprobs: z.int().min(0).max(MAX_LOGPROBS).nullish(),
  stream: optional(z.boolean(), false),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  model: z.string().nullish(),
  best_of: only(1),
  presence_penalty: only(0),
  frequency_penalty: only(0),
  suffix: only(null),
  logit_bias: z.strictObject({}, { error: 'is not supported; leave it out' }).nullish(),
});

export interface CompletionBody extends Omit<z.output<typeof fieldsSchema>, 'prompt' | 'stop'> {
  readonly prompts: readonly Prompt[];
  readonly stops: readonly string[];
}

/**
 * Checks what a client sent.
 * @throws UserError naming the first wrong field
 */
export function completionBody(value: unknown): CompletionBody {
  const { prompt, stop, ...fields } = validate(fieldsSchema, value, 'request');
  if (fields.stream && fields.logprobs !== undefined && fields.logprobs !== null)
    throw new UserError('request: logprobs are not supported with stream; leave one of them out');
  return { ...fields, prompts: readPrompts(prompt), stops: readStops(stop) };
}
