/** @file The texts a run samples from its model while it trains. */

import { decode, END_OF_TEXT, VOCABULARY_SIZE } from '../data/tokenizer/tokenizer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import type { Generator } from '../generate/generator.ts';
import { promptTokens } from '../generate/prompt-tokens.ts';
import { UserError } from '../support/errors.ts';
import type { Settings } from './settings.ts';

export const SAMPLE_STREAMS = 4;
const TOP_K = 50;

type SampleSettings = Pick<Settings, 'samplePrompt' | 'sampleTokens' | 'sampleTemperature' | 'sampleEvery'>;

/** Positions that a sample takes, prompt included; a run without samples keeps the smallest cache. */
export function samplePositions(
  { samplePrompt, sampleTokens, sampleEvery }: SampleSettings,
  modelConfig: Gpt2Config,
): number {
  if (sampleEvery === 0 || modelConfig.vocabularySize < VOCABULARY_SIZE) return 1;
  const positions = promptTokens(samplePrompt).length + sampleTokens;
  if (positions <= modelConfig.contextLength) return positions;
  throw new UserError(
    `--sample-prompt and --sample-tokens take ${positions} tokens, the model's context is ${modelConfig.contextLength}; give a shorter prompt or fewer tokens`,
  );
}

/** Four texts, prompt included; none if the model's vocabulary is not GPT-2's. */
export async function takeSamples(
  generator: Generator,
  modelConfig: Gpt2Config,
  settings: SampleSettings,
  seed: number,
  signal?: AbortSignal,
): Promise<string[]> {
  if (modelConfig.vocabularySize < VOCABULARY_SIZE) return [];
  const texts = await generator.complete({
    prompts: Array.from({ length: SAMPLE_STREAMS }, () => promptTokens(settings.samplePrompt)),
    tokens: settings.sampleTokens,
    temperature: settings.sampleTemperature,
    topK: TOP_K,
    topP: 1,
    seed,
    stopAt: END_OF_TEXT,
    vocabularySize: VOCABULARY_SIZE,
    signal,
  });
  return texts.map((ids) => settings.samplePrompt + decode(ids));
}
