/** @file What one model thinks of another's text. */

import type { Token } from '../tokens/token.ts';
import { rememberedScores } from './scores.ts';

/** A prompt's tokens. */
export async function promptIds(model: string, prompt: string): Promise<readonly number[]> {
  return (await rememberedScores(model, prompt, 0)).map(({ id }) => id);
}

/** The tokens of a text as `model` sees them. @throws ApiProblem */
export async function crossScores(
  model: string,
  prompt: string,
  tokens: readonly Token[],
  logprobs: number,
): Promise<readonly Token[]> {
  const before = await promptIds(model, prompt);
  const scores = await rememberedScores(model, [...before, ...tokens.map(({ id }) => id)], logprobs);
  return scores.slice(before.length);
}
