/** @file Prompts as tokens. */

import { END_OF_TEXT, encodePrompt } from '../data/tokenizer/tokenizer.ts';

/** The tokens of a prompt, in which `<|endoftext|>` is the token between documents; an empty one begins a new document. */
export function promptTokens(prompt: string): ArrayLike<number> {
  return prompt === '' ? [END_OF_TEXT] : encodePrompt(prompt);
}
