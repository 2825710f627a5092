/**
 * @file The trainer: from settings to a trained model, told as a stream of events. Everything a step depends on is its
 * number, the settings and the checkpointed tensors, so that a resumed run makes the same bits as one that never stopped.
 */

import { openBackend } from '../backends/open.ts';
import { BatchLoader } from '../data/batches/batch-loader.ts';
import { type Dataset, openDataset } from '../data/shards/dataset.ts';
import { type EvaluationBatches, evaluationBatches } from '../data/batches/evaluation-batches.ts';
import { type Communicator, isWriter, singleProcess } from '../engine/runtime/communicator.ts';
import { selectExamples } from '../eval/hellaswag-examples.ts';
import { openHellaswag } from '../eval/hellaswag-file.ts';
import { type HellaswagTask, hellaswagTask } from '../eval/hellaswag-task.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { enterRunFolder } from '../runs/lock.ts';
import { removeTemporaries } from '../support/files.ts';
import type { TrainerEvent } from './events.ts';
import type { ResolvedRun } from './resolve-settings.ts';
import { Run } from './run.ts';
import { microStepsOf, type Settings } from './settings.ts';

export interface TrainOptions {
  /** Aborting ends the run after a checkpoint, within the current micro-step. */
  readonly signal?: AbortSignal;
  /** Measure a step node by node before the run begins; it changes no bit of it. */
  readonly profile?: boolean;
  /** The ranks that train together; default: this process alone. */
  readonly communicator?: Communicator;
}

/**
 * Trains, and tells what happens. A run folder that holds checkpoints is gone on with.
 * @throws UserError for settings, data or folders that cannot be trained with
 */
export async function* train(
  { settings, modelConfig: config }: ResolvedRun,
  { signal, profile = false, communicator = singleProcess }: TrainOptions = {},
): AsyncGenerator<TrainerEvent> {
  const microSteps = microStepsOf(settings, communicator.size);
  const dataset = await openDataset(settings.data);
  try {
    const loader = loaderOf(dataset, settings, config, microSteps, communicator);
    const validation = settings.evalEvery > 0 ? validationOf(dataset, settings, config, communicator) : undefined;
    const hellaswag = settings.evalEvery > 0 ? await hellaswagOf(settings, config, communicator) : undefined;
    const leave = isWriter(communicator) ? await enterRunFolder(settings.out) : undefined;
    try {
      if (leave) await removeTemporaries(settings.out);
      const backend = await openBackend(settings);
      try {
        const record = { ...settings, trainTokens: dataset.train.tokenCount };
        yield* new Run({
          record,
          config,
          microSteps,
          backend,
          communicator,
          loader,
          validation,
          hellaswag,
          signal,
          profile,
        }).events();
      } finally {
        await backend.close();
      }
    } finally {
      await leave?.();
    }
  } finally {
    dataset.close();
  }
}

function loaderOf(
  dataset: Dataset,
  settings: Settings,
  config: Gpt2Config,
  microSteps: number,
  { rank, size }: Communicator,
): BatchLoader {
  const { batchSize, sequenceLength, seed, shuffle } = settings;
  return new BatchLoader(dataset.train, {
    batchSize,
    sequenceLength,
    microSteps,
    rank,
    worldSize: size,
    seed,
    shuffle,
    vocabularySize: config.vocabularySize,
  });
}

function validationOf(
  dataset: Dataset,
  settings: Settings,
  config: Gpt2Config,
  { rank, size }: Communicator,
): EvaluationBatches | undefined {
  if (dataset.validation.shards.length === 0) return undefined;
  const { batchSize, sequenceLength, evalTokens } = settings;
  return evaluationBatches(dataset.validation, {
    batchSize,
    sequenceLength,
    maxTokens: evalTokens,
    rank,
    worldSize: size,
    vocabularySize: config.vocabularySize,
  });
}

async function hellaswagOf(
  settings: Settings,
  config: Gpt2Config,
  { rank, size }: Communicator,
): Promise<HellaswagTask | undefined> {
  const { hellaswag, hellaswagEvery } = settings;
  if (hellaswag === undefined) return undefined;
  const examples = selectExamples(await openHellaswag(hellaswag), { every: hellaswagEvery });
  return hellaswagTask(
    examples.filter((_, index) => index % size === rank),
    config,
  );
}
