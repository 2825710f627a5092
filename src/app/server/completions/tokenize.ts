/** @file Texts as tokens and back, in vLLM's form: `POST /tokenize`, `POST /detokenize`. */

import { z } from 'zod';
import { decode } from '../../../data/tokenizer/tokenizer.ts';
import { UserError } from '../../../support/errors.ts';
import { inTurn } from '../../../support/event-loop.ts';
import { validate } from '../../../support/json.ts';
import { promptIds } from './completer.ts';
import type { ModelLimits } from './limits.ts';
import { readPrompts, readTokenIds, tokenIdsSchema } from './request-lists.ts';

const model = z.string().nullish();
export const tokenizeSchema = z.object({ model, prompt: z.string() });
const detokenizeFields = z.object({ model, tokens: z.unknown() });
export const detokenizeSchema = z.object({ model, tokens: tokenIdsSchema });

/** The model that a request names. */
export function modelOf(value: unknown): string | undefined {
  return validate(z.object({ model }), value, 'request').model ?? undefined;
}

/** @throws UserError when the text is none, or longer than a prompt of the model may be */
export async function tokenize(value: unknown, limits: ModelLimits) {
  const { prompt } = validate(tokenizeSchema, value, 'request');
  const [text = ''] = readPrompts(prompt);
  // a prompt of nothing begins a new document; a text of nothing has no tokens
  const tokens = prompt === '' ? [] : await inTurn(() => promptIds(text, limits));
  return { count: tokens.length, max_model_len: limits.contextLength, tokens };
}

/** @throws UserError when they are not token ids */
export async function detokenize(value: unknown, limits: ModelLimits) {
  const { tokens } = validate(detokenizeFields, value, 'request');
  if (!Array.isArray(tokens) || tokens.length > limits.tokens)
    throw new UserError(`request: tokens: expected a list of at most ${limits.tokens} token ids`);
  const ids = readTokenIds(tokens, 'tokens');
  return { prompt: await inTurn(() => decode(ids)) };
}
