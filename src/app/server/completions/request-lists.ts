/**
 * @file The lists of a request: prompts, stops, biases. They are checked by hand and refused at their first bad element: a
 * schema reports an issue for every element of a list and every form it might have, at a thousand times the cost.
 */

import { z } from 'zod';
import { UserError } from '../../../support/errors.ts';
import { VOCABULARY_SIZE } from '../../../support/gpt2-vocabulary.ts';
import { MAX_BIAS, MAX_BIASED_TOKENS, MAX_CHOICES, MAX_STOP_LENGTH, MAX_STOPS } from './limits.ts';

/** A text or token ids. */
export type Prompt = string | readonly number[];

const text = z.string();
export const tokenIdsSchema = z.array(
  z
    .int()
    .min(0)
    .max(VOCABULARY_SIZE - 1),
);
const tokenIds = tokenIdsSchema.min(1);

/** What `readPrompts`, `readStops` and `readLogitBias` take, for programs that ask. */
export const promptSchema = z.union([
  text,
  tokenIds,
  z.array(text).min(1).max(MAX_CHOICES),
  z.array(tokenIds).min(1).max(MAX_CHOICES),
]);
const stop = z.string().min(1).max(MAX_STOP_LENGTH);
export const stopSchema = z.union([stop, z.array(stop).max(MAX_STOPS)]).nullish();
export const logitBiasSchema = z.record(z.string().regex(/^\d+$/), z.number().min(-MAX_BIAS).max(MAX_BIAS)).nullish();

/**
 * The prompts of a request, one or several.
 * @throws UserError naming the first that is neither text nor token ids
 */
export function readPrompts(given: unknown): readonly Prompt[] {
  if (!Array.isArray(given) || given.length === 0 || typeof given[0] === 'number') return [readPrompt(given, 'prompt')];
  if (given.length > MAX_CHOICES)
    throw new UserError(
      `request: prompt: expected at most ${MAX_CHOICES} prompts, found ${given.length}; send fewer at once`,
    );
  return given.map((item, index) => readPrompt(item, `prompt.${index}`));
}

function readPrompt(given: unknown, name: string): Prompt {
  if (typeof given === 'string') return checkedText(given, name);
  if (!Array.isArray(given) || given.length === 0)
    throw new UserError(
      `request: ${name}: expected a text, a list of texts, a list of token ids, or a list of such lists, found ${shown(given)}`,
    );
  return readTokenIds(given, name);
}

/** @throws UserError naming the first that is none */
export function readTokenIds(given: readonly unknown[], name: string): readonly number[] {
  const stranger = given.findIndex((id) => !isTokenId(id));
  if (stranger < 0) return given as readonly number[];
  throw new UserError(
    `request: ${name}.${stranger}: expected a token id below ${VOCABULARY_SIZE}, found ${shown(given[stranger])}`,
  );
}

const isTokenId = (id: unknown): boolean =>
  typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < VOCABULARY_SIZE;

/**
 * The texts that end a choice.
 * @throws UserError naming the first that is invalid, or saying that there are too many
 */
export function readStops(given: unknown): readonly string[] {
  const stops: readonly unknown[] = Array.isArray(given) ? given : [given ?? []].flat();
  if (stops.length > MAX_STOPS)
    throw new UserError(
      `request: stop: expected a text or a list of at most ${MAX_STOPS} texts, found ${stops.length}`,
    );
  return stops.map((stop) => {
    if (typeof stop === 'string' && stop.length > 0 && stop.length <= MAX_STOP_LENGTH) return checkedText(stop, 'stop');
    throw new UserError(`request: stop: expected texts of 1 to ${MAX_STOP_LENGTH} characters, found ${shown(stop)}`);
  });
}

/**
 * What is added to the logits of tokens.
 * @throws UserError naming the first that is invalid, or saying that there are too many
 */
export function readLogitBias(given: unknown): ReadonlyMap<number, number> {
  const biases = given ?? {};
  if (typeof biases !== 'object' || Array.isArray(biases))
    throw new UserError(`request: logit_bias: expected an object of token ids and numbers, found ${shown(given)}`);
  const entries = Object.entries(biases);
  if (entries.length > MAX_BIASED_TOKENS)
    throw new UserError(`request: logit_bias: expected at most ${MAX_BIASED_TOKENS} tokens, found ${entries.length}`);
  return new Map(entries.map(([id, bias]) => [biasedToken(id), checkedBias(bias, id)]));
}

function biasedToken(id: string): number {
  if (/^\d{1,5}$/.test(id) && Number(id) < VOCABULARY_SIZE) return Number(id);
  throw new UserError(`request: logit_bias: expected token ids below ${VOCABULARY_SIZE}, found ${shown(id)}`);
}

function checkedBias(bias: unknown, id: string): number {
  if (typeof bias === 'number' && Math.abs(bias) <= MAX_BIAS) return bias;
  throw new UserError(
    `request: logit_bias.${id}: expected a number from -${MAX_BIAS} to ${MAX_BIAS}, found ${shown(bias)}`,
  );
}

function checkedText(text: string, name: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new UserError(`request: ${name}: expected Unicode text, found half of a surrogate pair`);
}

/** Characters of a wrong value that an error shows. */
const SHOWN_LENGTH = 40;

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length <= SHOWN_LENGTH ? JSON.stringify(value) : `a text of ${value.length} characters`;
}
