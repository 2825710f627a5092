/**
 * @file The trainer: from settings to a trained model, reported as a stream of events. A step depends only on its number,
 * the settings and the checkpointed tensors, so a resumed run makes the same bits as one that never stopped.
 */

import { crc32 } from 'node:zlib';
import { openBackend } from '../backends/open.ts';
import { BatchLoader } from '../data/batches/batch-loader.ts';
import { type EvaluationBatches, evaluationBatches } from '../data/batches/evaluation-batches.ts';
import { type Dataset, openDataset } from '../data/shards/dataset.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import { type Communicator, isWriter, singleProcess } from '../engine/runtime/communicator.ts';
import { selectExamples } from '../eval/hellaswag-examples.ts';
import { openHellaswag } from '../eval/hellaswag-file.ts';
import { type HellaswagTask, hellaswagTask } from '../eval/hellaswag-task.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { enterRunFolder, readLock, seesLock } from '../runs/lock.ts';
import { UserError } from '../support/errors.ts';
import { removeTemporaries } from '../support/files.ts';
import { agreeOn, firstThenOthers, together } from './agreement.ts';
import type { TrainerEvent } from './events.ts';
import { countMicroSteps } from './micro-steps.ts';
import type { ResolvedRun } from './resolve-settings.ts';
import { Run } from './run.ts';
import { RunFolder } from './run-folder.ts';
import type { Settings } from './settings.ts';
import { codeVersion } from './versions.ts';

export interface TrainOptions {
  /** Aborting ends the run after a checkpoint, within the current micro-step. */
  readonly signal?: AbortSignal;
  /** Measure one step node by node; the results of the run stay the same, bit for bit. */
  readonly profile?: boolean;
  /** The ranks that train together; default: this process alone. */
  readonly communicator?: Communicator;
}

/** What is closed when the run has ended, the last first. */
type Closers = (() => unknown)[];

/**
 * Trains, and reports what happens. A run folder that holds checkpoints is resumed. Every rank trains the same steps and
 * reports the same events, but for samples; an error before the first step is the same on all.
 * @throws UserError for settings, data or folders that cannot be trained with
 */
export async function* train(
  run: ResolvedRun,
  { signal, profile = false, communicator = singleProcess }: TrainOptions = {},
): AsyncGenerator<TrainerEvent> {
  const closers: Closers = [];
  try {
    const prepared = await together(communicator, () => prepare(run, communicator, closers));
    const { settings } = prepared;
    await agreeOn(
      communicator,
      { ...shared(settings), ...codeVersion(), ...prepared.facts },
      'start all ranks with the same command, the same miniLLM and the same data',
    );
    await checkRunFolder(settings.out, communicator);
    const backend = await openDevice(settings, communicator, closers);
    const { facts: _, ...parts } = prepared;
    const store = new RunFolder(settings, backend, communicator);
    const processBytes = process.memoryUsage.rss();
    const places = { communicator, backend, store, processBytes };
    yield* (await together(communicator, () => new Run({ ...parts, ...places, signal, profile }))).events();
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Everything a run needs but its device: data, evaluation, the run folder. */
async function prepare({ settings, modelConfig }: ResolvedRun, communicator: Communicator, closers: Closers) {
  const microSteps = countMicroSteps(settings, communicator.size);
  const dataset = await openDataset(settings.data);
  closers.push(() => dataset.close());
  const isEvaluated = settings.evalEvery > 0;
  const loader = createLoader(dataset, settings, modelConfig, microSteps, communicator);
  const validation = isEvaluated ? createValidation(dataset, settings, modelConfig, communicator) : undefined;
  const hellaswag = isEvaluated ? await loadHellaswag(settings, modelConfig, communicator) : undefined;
  if (isWriter(communicator)) {
    closers.push(await enterRunFolder(settings.out));
    await removeTemporaries(settings.out);
  }
  return {
    settings: { ...settings, trainTokens: dataset.train.tokenCount },
    modelConfig,
    microSteps,
    loader,
    validation,
    hellaswag,
    facts: { data: describeData(dataset), hellaswag: settings.hellaswag === undefined ? 'none' : 'evaluated' },
  };
}

/** Tokens of each shard read to tell one data set from another. */
const SAMPLED_TOKENS = 16_384;

/** What tells a data set from another: its sizes, and a checksum of the first, middle and last tokens of each shard. */
function describeData({ train: training, validation }: Dataset): string {
  let checksum = 0;
  const shards = [...training.shards, ...validation.shards];
  for (const shard of shards)
    for (const part of [0, 0.5, 1]) {
      const count = Math.min(SAMPLED_TOKENS, shard.tokenCount);
      checksum = crc32(shard.read(Math.floor(part * (shard.tokenCount - count)), count), checksum);
    }
  const sizes = `${shards.length} shards, ${training.tokenCount} + ${validation.tokenCount} tokens`;
  return `${sizes}, checksum ${checksum.toString(16).padStart(8, '0')}`;
}

/** The settings that all ranks must share; each has threads of its own, and may see its folders under another path. */
function shared({ threads: _, data: __, out: ___, hellaswag: ____, ...rest }: Settings): Partial<Settings> {
  return rest;
}

/**
 * Checks that this rank sees the run folder that rank 0 writes.
 * @throws UserError when it does not.
 */
async function checkRunFolder(out: string, communicator: Communicator): Promise<void> {
  const [lock = ''] = await communicator.share(isWriter(communicator) ? readLock(out) : '');
  await together(communicator, async () => {
    if (await seesLock(out, lock)) return;
    throw new UserError(
      `${out} does not hold the lock that rank 0 has put there; give --out a folder that all ranks share, such as one on a network file system`,
    );
  });
}

/** Opens the device; the first rank of a machine first, whose compiled kernels the others find. */
function openDevice(settings: Settings, communicator: Communicator, closers: Closers): Promise<Backend> {
  return firstThenOthers(communicator, communicator.localRank === 0, async () => {
    const backend = await openBackend({ ...settings, localRank: communicator.localRank });
    closers.push(() => backend.close());
    return backend;
  });
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
