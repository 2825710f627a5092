/** @file Scores of texts, remembered: the same text is asked about whenever a reader looks at one of its tokens. */

import type { Token } from '../tokens/token.ts';
import { type Prompt, scoreText } from './completions.ts';

const MAX_REMEMBERED = 64;
const remembered = new Map<string, Promise<readonly Token[]>>();

/** Like `scoreText`; failures are not remembered. */
export function rememberedScores(model: string, prompt: Prompt, logprobs: number): Promise<readonly Token[]> {
  const key = JSON.stringify([model, prompt, logprobs]);
  const known = remembered.get(key);
  if (known) return known;
  const scores = scoreText(model, prompt, logprobs);
  remembered.set(key, scores);
  scores.catch(() => remembered.delete(key));
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  return scores;
}
