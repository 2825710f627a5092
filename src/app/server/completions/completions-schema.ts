/** @file What a client of the completions API may ask for. Fields that are not named here are passed over. */

import { z } from 'zod';

/** Likeliest tokens told beside each, at most: as many as OpenAI's own API. */
export const MOST_LOGPROBS = 5;
const MOST_CHOICES = 128;
/** More than OpenAI's four: lm-evaluation-harness sends all the stops of a task. */
const MOST_STOPS = 64;
/** Of a body with many prompts. */
export const MOST_ALL_CHOICES = 4096;

const tokenIds = z.array(z.int().nonnegative()).min(1);
const prompt = z.union([z.string(), tokenIds, z.array(z.string()).min(1), z.array(tokenIds).min(1)], {
  error: 'expected a text, a list of texts, a list of token ids, or a list of such lists',
});

/** A field that may be missing or null, which both mean its default. */
const optional = <T extends z.ZodType>(schema: T, value: z.output<T>) =>
  schema.nullish().transform((given): z.output<T> => given ?? value);

/** A field of the API that this server knows only by the value that changes nothing. */
const only = <T extends number | null>(value: T) =>
  z.literal(value, { error: `is not supported; leave it out or give ${value}` }).nullish();

export const completionSchema = z.looseObject({
  prompt,
  max_tokens: optional(z.int().min(0), 16),
  temperature: optional(z.number().min(0).max(2), 1),
  top_p: optional(z.number().gt(0).max(1), 1),
  /** Not of OpenAI's API, but of most servers that speak it. */
  top_k: optional(z.int().min(0), 0),
  n: optional(z.int().min(1).max(MOST_CHOICES), 1),
  seed: z.int().nullish(),
  stop: optional(
    z.union([z.string().min(1), z.array(z.string().min(1)).max(MOST_STOPS)], {
      error: `expected a text or a list of at most ${MOST_STOPS} texts, none of them empty`,
    }),
    [],
  ),
  echo: optional(z.boolean(), false),
  logprobs: z.int().min(0).max(MOST_LOGPROBS).nullish(),
  stream: optional(z.boolean(), false),
  best_of: only(1),
  presence_penalty: only(0),
  frequency_penalty: only(0),
  suffix: only(null),
  logit_bias: z.strictObject({}, { error: 'is not supported; leave it out' }).nullish(),
});

export type CompletionBody = z.output<typeof completionSchema>;

/** The prompts of a body, one or several. */
export function promptsOf({ prompt: given }: CompletionBody): readonly (string | readonly number[])[] {
  if (typeof given === 'string') return [given];
  return given.some((item) => typeof item === 'number') ? [given as number[]] : (given as (string | number[])[]);
}
