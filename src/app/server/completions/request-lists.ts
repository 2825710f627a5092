/**
 * @file The lists of a request, prompts and stops. They are checked by hand and refused at their first bad element: a
 * schema reports an issue for every element of a list and every form it might have, at a thousand times the cost.
 */

import { UserError } from '../../../support/errors.ts';
import { VOCABULARY_SIZE } from '../../../support/gpt2-vocabulary.ts';
import { MAX_CHOICES, MAX_STOP_LENGTH, MAX_STOPS } from './limits.ts';

/** A text or token ids. */
export type Prompt = string | readonly number[];

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
  const stranger = given.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < VOCABULARY_SIZE));
  if (stranger < 0) return given;
  throw new UserError(
    `request: ${name}.${stranger}: expected a token id below ${VOCABULARY_SIZE}, found ${shown(given[stranger])}`,
  );
}

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
