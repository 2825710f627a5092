/** @file What the page is told about the models: `/app/models.json`. */

import { parameterCount } from '../../../model/flops.ts';
import { VOCABULARY_SIZE } from '../../../support/gpt2-vocabulary.ts';
import { MAX_LOGPROBS } from '../completions/limits.ts';
import type { ModelPool } from './model-pool.ts';

/** How long what was read from the run's folder is told again: a run may still be trained. */
const FRESH_MILLISECONDS = 10_000;

async function describeModels(pool: ModelPool) {
  const { main, compared, precision } = pool;
  const { curve, validationLosses } = await main.curves();
  const steps = (await main.checkpoints()).map(({ step, id }) => ({
    ...{ step, id },
    validationLoss: validationLosses.get(step) ?? null,
  }));
  const contextLength = Math.min(main.config.contextLength, compared?.config.contextLength ?? Number.POSITIVE_INFINITY);
  return {
    main: main.id,
    compared: compared?.id ?? null,
    hasRun: main.hasRunPage,
    steps,
    curve,
    limits: { contextLength, maxTokens: contextLength - 1, maxLogprobs: MAX_LOGPROBS },
    parameters: parameterCount(main.config),
    precision,
    uniformLoss: Math.log(VOCABULARY_SIZE),
  };
}

/** The description of a pool, read anew now and then. */
export function modelsDescription(pool: ModelPool): () => ReturnType<typeof describeModels> {
  let read: { readonly at: number; readonly description: ReturnType<typeof describeModels> } | undefined;
  return () => {
    const now = performance.now();
    if (!read || now - read.at > FRESH_MILLISECONDS) read = { at: now, description: describeModels(pool) };
    return read.description;
  };
}
