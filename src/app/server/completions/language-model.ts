/** @file A model that both generates and scores text; its programs take turns on one device. */

import type { DeviceOptions } from '../../../backends/open.ts';
import { packedTokens, planScoring } from '../../../eval/programs.ts';
import { Scorer } from '../../../eval/scorer.ts';
import type { Gpt2Config } from '../../../formats/gpt2-config.ts';
import { Generator } from '../../../generate/generator.ts';
import { openModel } from '../../../generate/open-model.ts';
import { DEFAULT_PROMPT_LENGTH, DEFAULT_STREAMS, planGeneration } from '../../../generate/programs.ts';

export interface LanguageModel {
  /** Its name in the API. */
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
 * @param topLogprobs number of most likely tokens that the scorer reports for each token
 * @throws UserError when there is no such model, its vocabulary is not GPT-2's, or it does not fit in memory
 */
export async function openLanguageModel(
  checkpoint: string,
  topLogprobs: number,
  { name = checkpoint, ...options }: DeviceOptions & { readonly name?: string } = {},
): Promise<LanguageModel> {
  const { precision = 'fp32' } = options;
  const { session, config, device, close } = await openModel(checkpoint, options, ({ contextLength: positions }) => {
    const extents = { streams: DEFAULT_STREAMS, positions, promptLength: DEFAULT_PROMPT_LENGTH, precision };
    return {
      plan: (config, layout, target) => ({
        ...planGeneration(config, layout, target, { ...extents, packed: precision === 'bf16' }),
        score: planScoring(config, layout, target, {
          tokens: packedTokens(config, positions),
          top: topLogprobs,
          precision,
        }),
      }),
      purpose: `serving ${name}`,
      advice: 'serve a smaller model',
    };
  });
  const scorer = new Scorer(session.program('score'), config.contextLength);
  return { name, config, device, generator: new Generator(session), scorer, close };
}
