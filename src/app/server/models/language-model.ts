/** @file A model that both generates and scores text; its programs take turns on one device, which other models may share. */

import type { Backend } from '../../../engine/runtime/backend.ts';
import { packedTokens, planScoring } from '../../../eval/programs.ts';
import { Scorer } from '../../../eval/scorer.ts';
import type { Gpt2Config } from '../../../formats/gpt2-config.ts';
import { Generator } from '../../../generate/generator.ts';
import type { Weights } from '../../../generate/initial-weights.ts';
import { loadSession } from '../../../generate/load-session.ts';
import { DEFAULT_PROMPT_LENGTH, DEFAULT_STREAMS, planGeneration } from '../../../generate/programs.ts';
import { type InferencePrecision, inferenceTypes } from '../../../model/inference-precision.ts';
import { MAX_LOGPROBS } from '../completions/limits.ts';

export interface LanguageModel {
  readonly config: Gpt2Config;
  readonly generator: Generator;
  readonly scorer: Scorer;
  /** Frees its memory; nothing of it must be running. */
  close(): void;
}

/**
 * Reads a model onto a device.
 * @param backend opened for the activations of `precision`
 * @throws UserError when it does not fit in memory, or a file is damaged
 */
export async function loadLanguageModel(
  backend: Backend,
  weights: Weights,
  precision: InferencePrecision,
): Promise<LanguageModel> {
  const { config } = weights;
  const { contextLength: positions } = config;
  const extents = { streams: DEFAULT_STREAMS, positions, promptLength: DEFAULT_PROMPT_LENGTH };
  const types = inferenceTypes(precision);
  const session = await loadSession(backend, weights, {
    plan: (_, layout, target) => ({
      ...planGeneration(config, layout, target, { ...extents, ...types }),
      score: planScoring(config, layout, target, {
        tokens: packedTokens(config, positions),
        top: MAX_LOGPROBS,
        ...types,
      }),
    }),
    purpose: `serving ${weights.name}`,
    advice: 'serve a smaller model, or fewer',
  });
  await session.program('pack').run({});
  const generator = new Generator(session);
  const scorer = new Scorer(session.program('score'), positions, () => generator.load.running > 0);
  return { config, generator, scorer, close: () => session.close() };
}
