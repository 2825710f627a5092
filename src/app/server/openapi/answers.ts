/** @file What the API answers, for its document. */

import { z } from 'zod';

const logprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()).describe('null for the first token of a prompt'),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
  text_offset: z.array(z.int()).describe('in Unicode code points'),
});

const choice = (finishReason: z.ZodType) =>
  z.object({
    index: z.int(),
    text: z.string(),
    logprobs: logprobs.nullable(),
    finish_reason: finishReason,
  });
const finishReason = z.enum(['length', 'stop']);

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });
const head = { id: z.string(), object: z.literal('text_completion'), created: z.int(), model: z.string() };

export const completionAnswer = z.object({ ...head, choices: z.array(choice(finishReason)), usage });
export const completionChunk = z
  .object({ ...head, choices: z.array(choice(finishReason.nullable())), usage: usage.optional() })
  .describe('the data of each event of a stream, whose last is [DONE]');

export const modelAnswer = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  max_model_len: z.int().describe('tokens of a prompt and its completion'),
});
export const modelsAnswer = z.object({ object: z.literal('list'), data: z.array(modelAnswer) });

export const tokenizeAnswer = z.object({ count: z.int(), max_model_len: z.int(), tokens: z.array(z.int()) });
export const detokenizeAnswer = z.object({ prompt: z.string() });

export const healthAnswer = z.object({ status: z.enum(['ok', 'loading', 'stopping']) });
export const versionAnswer = z.object({ version: z.string() });

export const errorAnswer = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable().describe('the field of the request that it is about'),
    code: z.string().nullable(),
  }),
});
