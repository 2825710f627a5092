/**
 * @file The trainer: from settings to a trained model, reported as a stream of events. A step depends only on its number,
 * the settings and the checkpointed tensors, so a resumed run makes the same bits as one that never stopped.
 */

import { openBackend } from '../backends/open.ts';
import { BatchLoader } from '../data/batches/batch-loader.ts';
import { type EvaluationBatches, evaluationBatches } from '../data/batches/evaluation-batches.ts';
import { type Dataset, openDataset } from '../data/shards/dataset.ts';
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
import { countMicroSteps, type Settings } from './settings.ts';

export interface TrainOptions {
  /** Aborting ends the run after a checkpoint, within the current micro-step. */
  readonly signal?: AbortSignal;
  /** Measure one step node by node; the results of the run stay the same, bit for bit. */
  readonly profile?: boolean;
  /** The ranks that train together; default: this process alone. */
  readonly communicator?: Communicator;
}

/**
 * Trains, and reports what happens. A run folder that holds checkpoints is resumed.
 * @throws UserError for settings, data or folders that cannot be trained with
 */
export async function* train(
  { settings, modelConfig }: ResolvedRun,
  { signal, profile = false, communicator = singleProcess }: TrainOptions = {},
): AsyncGenerator<TrainerEvent> {
  const microSteps = countMicroSteps(settings, communicator.size);
  const dataset = await openDataset(settings.data);
  try {
    const loader = createLoader(dataset, settings, modelConfig, microSteps, communicator);
    const validation =
      settings.evalEvery > 0 ? createValidation(dataset, settings, modelConfig, communicator) : undefined;
    const hellaswag = settings.evalEvery > 0 ? await loadHellaswag(settings, modelConfig, communicator) : undefined;
    const leave = isWriter(communicator) ? await enterRunFolder(settings.out) : undefined;
    try {
      if (leave) await removeTemporaries(settings.out);
      const backend = await openBackend(settings);
      try {
        yield* new Run({
          settings: { ...settings, trainTokens: dataset.train.tokenCount },
          modelConfig,
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

function createLoader(
  dataset: Dataset,
  settings: Settings,
  modelConfig: Gpt2Config,
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
    vocabularySize: modelConfig.vocabularySize,
  });
}

function createValidation(
  dataset: Dataset,
  settings: Settings,
  modelConfig: Gpt2Config,
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
    vocabularySize: modelConfig.vocabularySize,
  });
}

async function loadHellaswag(
  settings: Settings,
  modelConfig: Gpt2Config,
  { rank, size }: Communicator,
): Promise<HellaswagTask | undefined> {
  const { hellaswag, hellaswagEvery } = settings;
  if (hellaswag === undefined) return undefined;
  const examples = selectExamples(await openHellaswag(hellaswag), { every: hellaswagEvery });
  return hellaswagTask(
    examples.filter((_, index) => index % size === rank),
    modelConfig,
  );
}
