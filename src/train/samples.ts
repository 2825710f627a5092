/** @file The texts a run writes of itself, from the prompt that GPT-2 reproductions use. */

import { decode, encode, VOCABULARY_SIZE } from '../data/tokenizer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import type { Generator } from '../generate/generator.ts';

const PROMPT = "Hello, I'm a language model,";
const TOKENS = 32;
const TOP_K = 50;

/** Streams of the samples a run takes of itself, and positions enough for each. */
export const SAMPLE_STREAMS = 4;
export const SAMPLE_POSITIONS = 64;

/** Four texts, prompt included; none of a model whose vocabulary is not GPT-2's, and none if the backend was stopped. */
export async function takeSamples(generator: Generator, config: Gpt2Config, seed: number): Promise<string[]> {
  if (config.vocabularySize < VOCABULARY_SIZE) return [];
  const prompt = encode(PROMPT);
  const texts = await generator.complete({
    prompts: Array.from({ length: SAMPLE_STREAMS }, () => prompt),
    tokens: Math.min(TOKENS, generator.limits.positions - prompt.length),
    temperature: 1,
    topK: TOP_K,
    topP: 1,
    seed,
    vocabularySize: VOCABULARY_SIZE,
  });
  if (texts.some((ids) => ids.length === 0)) return [];
  return texts.map((ids) => PROMPT + decode(ids));
}
