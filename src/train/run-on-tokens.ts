/** @file A run over tokens in memory, by this process alone. */

import { BatchLoader } from '../data/batches/batch-loader.ts';
import { evaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { TokenSplits } from '../data/sharding/tokens-in-memory.ts';
import { singleProcess } from '../engine/runtime/communicator.ts';
import { countMicroSteps } from './micro-steps.ts';
import { Run, type RunParts } from './run.ts';
import type { Settings } from './settings.ts';

type Given = Pick<RunParts, 'modelConfig' | 'backend' | 'store' | 'signal'> & {
  readonly settings: Settings;
  readonly tokens: TokenSplits;
};

/** @throws UserError when there are too few tokens, or the device has too little memory */
export function runOnTokens({ settings, tokens: { train, validation }, ...parts }: Given): Run {
  const { batchSize, sequenceLength, seed, shuffle, evalEvery, evalTokens: maxTokens } = settings;
  const microSteps = countMicroSteps(settings, 1);
  const { vocabularySize } = parts.modelConfig;
  const share = { batchSize, sequenceLength, rank: 0, worldSize: 1, vocabularySize };
  return new Run({
    ...parts,
    settings: { ...settings, trainTokens: train.tokenCount },
    microSteps,
    communicator: singleProcess,
    loader: new BatchLoader(train, { ...share, microSteps, seed, shuffle }),
    validation: evalEvery > 0 ? evaluationBatches(validation, { ...share, maxTokens }) : undefined,
    hellaswag: undefined,
    profile: false,
    processBytes: 0,
  });
}
