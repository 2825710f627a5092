/** @file A model that both writes text and scores it, on one device, its programs taking turns. */

import { type DeviceOptions, openBackend } from '../../../backends/open.ts';
import { VOCABULARY_SIZE } from '../../../data/vocabulary.ts';
import type { Backend } from '../../../engine/runtime/backend.ts';
import { checkMemory } from '../../../engine/runtime/memory.ts';
import { Session, sessionBytes } from '../../../engine/runtime/session.ts';
import { packedTokens, planScoring } from '../../../eval/programs.ts';
import { Scorer } from '../../../eval/scorer.ts';
import { openWeights, type Weights } from '../../../eval/weights.ts';
import type { Gpt2Config } from '../../../formats/gpt2-config.ts';
import { Generator } from '../../../generate/generator.ts';
import {
  DEFAULT_PROMPT_LENGTH,
  DEFAULT_STREAMS,
  type GenerationPlans,
  layoutForInference,
  planGeneration,
} from '../../../generate/programs.ts';
import { UserError } from '../../../support/errors.ts';

export interface LanguageModel {
  /** What clients know it as. */
  readonly name: string;
  readonly config: Gpt2Config;
  readonly device: string;
  readonly generator: Generator;
  readonly scorer: Scorer;
  close(): Promise<void>;
}

/**
 * Opens a model.
 * @param checkpoint see `openWeights`
 * @param likeliest tokens that the scorer tells beside each
 * @throws UserError when there is no such model, it has another vocabulary than GPT-2's, or memory does not suffice
 */
export async function openLanguageModel(
  checkpoint: string,
  likeliest: number,
  { name = checkpoint, ...options }: DeviceOptions & { readonly name?: string } = {},
): Promise<LanguageModel> {
  const weights = await openWeights(checkpoint);
  try {
    const { path, config } = weights;
    if (config.vocabularySize < VOCABULARY_SIZE)
      throw new UserError(
        `${path}: expected a model with GPT-2's vocabulary of ${VOCABULARY_SIZE} tokens, found one of ${config.vocabularySize}`,
      );
    const backend = await openBackend(options);
    try {
      const session = await loadSession(backend, weights, likeliest, options);
      const generator = new Generator(session);
      const scorer = new Scorer(session.program('score'), config.contextLength);
      const { description: device } = backend;
      return { name, config, device, generator, scorer, close: () => backend.close() };
    } catch (cause) {
      await backend.close();
      throw cause;
    }
  } finally {
    await weights.close();
  }
}

async function loadSession(
  backend: Backend,
  { path, config, load }: Weights,
  likeliest: number,
  { precision = 'fp32' }: DeviceOptions,
): Promise<Session<keyof GenerationPlans | 'score'>> {
  const layout = layoutForInference(config);
  const { contextLength: positions } = config;
  const extents = { streams: DEFAULT_STREAMS, positions, promptLength: DEFAULT_PROMPT_LENGTH, precision };
  const generation = planGeneration(config, layout, backend, { ...extents, packed: precision === 'bf16' });
  const score = planScoring(config, layout, backend, { tokens: packedTokens(config, positions), likeliest, precision });
  const plans = { ...generation, score };
  const bytes = sessionBytes(layout, Object.values(plans));
  checkMemory(backend, bytes, `serving ${path}`, () => 'serve a smaller model');
  const session = new Session(backend, layout, plans);
  await load(session);
  return session;
}
