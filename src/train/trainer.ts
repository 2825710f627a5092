/**
 * @file The trainer: from settings to a trained model, told as a stream of events. Everything a step depends on is its
 * number, the settings and the checkpointed tensors, so that a resumed run makes the same bits as one that never stopped.
 */

import { mkdir } from 'node:fs/promises';
import { openBackend } from '../backends/open.ts';
import { BatchLoader } from '../data/batch-loader.ts';
import { type Dataset, openDataset } from '../data/dataset.ts';
import { type EvaluationBatches, evaluationBatches } from '../data/evaluation-batches.ts';
import type { Backend } from '../engine/backend.ts';
import { validationLoss } from '../eval/validation-loss.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { openGpt2Folder } from '../formats/gpt2-folder.ts';
import { parameterCount, trainingFlopsPerToken } from '../model/flops.ts';
import { loadParameters } from '../model/parameters.ts';
import { PRESETS } from '../model/presets.ts';
import { listCheckpoints, removeOldCheckpoints, resolveCheckpoint } from '../runs/checkpoints.ts';
import { lockRunFolder } from '../runs/lock.ts';
import { type Metrics, MetricsLog, readMetrics } from '../runs/metrics.ts';
import { readTrainingState } from '../runs/state.ts';
import { UserError } from '../support/errors.ts';
import { removeTemporaries } from '../support/files.ts';
import { loadMoments, writeCheckpoint } from './checkpoint.ts';
import type { TrainerEvent } from './events.ts';
import { ModelSession } from './model-session.ts';
import { measureMatrixRate } from './peak.ts';
import { SAMPLE_STREAMS, takeSamples } from './samples.ts';
import { learningRateAt } from './schedule.ts';
import { type ChosenSettings, completeSettings, differences, microStepsOf, type Settings } from './settings.ts';
import { versions } from './versions.ts';

export interface TrainOptions {
  /** Aborting ends the run after a checkpoint, within the current micro-step. */
  readonly signal?: AbortSignal;
}

/** The network that the settings ask for, and the folder its first weights come from, if any. */
export async function modelOf(
  chosen: Pick<ChosenSettings, 'preset' | 'init'>,
): Promise<{ config: Gpt2Config; weights: string | undefined }> {
  if (chosen.preset) return { config: PRESETS[chosen.preset], weights: undefined };
  const weights = await resolveCheckpoint(chosen.init ?? '');
  const folder = await openGpt2Folder(weights);
  await folder.close();
  return { config: folder.config, weights };
}

/**
 * Trains, and tells what happens. A run folder that holds checkpoints is gone on with.
 * @throws UserError for settings, data or folders that cannot be trained with
 */
export async function* train(chosen: ChosenSettings, options: TrainOptions = {}): AsyncGenerator<TrainerEvent> {
  const { config, weights } = await modelOf(chosen);
  const settings = completeSettings(chosen, config.contextLength);
  const microSteps = microStepsOf(settings, 1);
  const dataset = await openDataset(settings.data);
  try {
    const loader = loaderOf(dataset, settings, config, microSteps);
    const validation = settings.evalEvery > 0 ? validationOf(dataset, settings, config) : undefined;
    await mkdir(settings.out, { recursive: true }).catch((cause: Error) => {
      throw new UserError(`--out ${settings.out} cannot be made: ${cause.message}`);
    });
    const lock = lockRunFolder(settings.out);
    try {
      await removeTemporaries(settings.out);
      const backend = await openBackend(settings);
      const stop = () => backend.stop();
      options.signal?.addEventListener('abort', stop, { once: true });
      try {
        yield* new Run(settings, config, microSteps, backend, loader, validation).events(weights, options.signal);
      } finally {
        options.signal?.removeEventListener('abort', stop);
        await backend.close();
      }
    } finally {
      lock.release();
    }
  } finally {
    dataset.close();
  }
}

function loaderOf(dataset: Dataset, settings: Settings, config: Gpt2Config, microSteps: number): BatchLoader {
  const { batchSize, sequenceLength, seed, shuffle } = settings;
  return new BatchLoader(dataset.train, {
    batchSize,
    sequenceLength,
    microSteps,
    rank: 0,
    worldSize: 1,
    seed,
    shuffle,
    vocabularySize: config.vocabularySize,
  });
}

function validationOf(dataset: Dataset, settings: Settings, config: Gpt2Config): EvaluationBatches | undefined {
  if (dataset.validation.shards.length === 0) return undefined;
  const { batchSize, sequenceLength, evalTokens } = settings;
  return evaluationBatches(dataset.validation, {
    batchSize,
    sequenceLength,
    maxTokens: evalTokens,
    rank: 0,
    worldSize: 1,
    vocabularySize: config.vocabularySize,
  });
}

/** One run in progress. */
class Run {
  readonly #settings: Settings;
  readonly #config: Gpt2Config;
  readonly #microSteps: number;
  readonly #backend: Backend;
  readonly #loader: BatchLoader;
  readonly #validation: EvaluationBatches | undefined;
  readonly #model: ModelSession;
  /** Steps trained, and AdamW updates made in them. */
  #step = 0;
  #updates = 0;
  /** What an earlier process logged of the step that this one goes on from. */
  #known: readonly Metrics[] = [];

  constructor(
    settings: Settings,
    config: Gpt2Config,
    microSteps: number,
    backend: Backend,
    loader: BatchLoader,
    validation: EvaluationBatches | undefined,
  ) {
    this.#settings = settings;
    this.#config = config;
    this.#microSteps = microSteps;
    this.#backend = backend;
    this.#loader = loader;
    this.#validation = validation;
    this.#model = new ModelSession(backend, config, settings);
  }

  async *events(weights: string | undefined, signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent> {
    const settings = this.#settings;
    const resumedFrom = await this.#begin(weights);
    const peak = await measureMatrixRate(this.#backend, settings.precision);
    yield {
      kind: 'start',
      settings,
      device: this.#backend.description,
      parameters: parameterCount(this.#config),
      microSteps: this.#microSteps,
      bytes: this.#model.bytes,
      windowsPerEpoch: this.#loader.windowsPerEpoch,
      trainTokens: this.#loader.windowsPerEpoch * settings.sequenceLength,
      peak,
      step: this.#step,
      resumedFrom,
    };

    const log = await MetricsLog.open(settings.out, this.#step);
    try {
      let saved = this.#step > 0 ? this.#step : undefined;
      for (;;) {
        const isLast = this.#step === settings.steps;
        const isDue = (every: number) => every > 0 && (isLast || this.#step % every === 0);
        if (this.#step > 0 && this.#step !== saved && isDue(settings.checkpointEvery)) {
          yield await this.#save();
          saved = this.#step;
        }
        for await (const event of this.#look(isDue, signal)) {
          log.append(event);
          yield event;
        }
        if (isLast || signal?.aborted) break;

        const event = await this.#train(peak);
        if (event) {
          log.append(event);
          yield event;
        }
      }
      const interrupted = this.#step < settings.steps;
      if (interrupted && this.#step > 0 && this.#step !== saved) yield await this.#save();
      yield { kind: 'end', step: this.#step, interrupted };
    } finally {
      log.close();
    }
  }

  /** Makes or loads the weights; the path of the checkpoint that is gone on from. */
  async #begin(weights: string | undefined): Promise<string | undefined> {
    const { out, seed } = this.#settings;
    const [newest] = await listCheckpoints(out);
    if (newest) {
      const state = await readTrainingState(newest.path);
      const changed = differences(state.configuration, this.#settings);
      if (changed.length > 0)
        throw new UserError(
          `${out} holds a run with other settings: ${changed.join('; ')}. Give the same settings to resume it, or another --out`,
        );
      await this.#load(newest.path);
      await loadMoments(this.#model.session, newest.path, this.#config);
      this.#step = state.step;
      this.#updates = state.updates;
      this.#known = (await readMetrics(out)).filter(({ step }) => step === state.step);
      return newest.path;
    }
    if (weights) await this.#load(weights);
    else this.#model.initialise(seed);
    return undefined;
  }

  async #load(path: string): Promise<void> {
    const folder = await openGpt2Folder(path);
    try {
      await loadParameters(this.#model.session, folder);
    } finally {
      await folder.close();
    }
  }

  /** Trains one step; undefined when it was abandoned because the run was asked to stop. */
  async #train(peak: number): Promise<(TrainerEvent & { kind: 'train' }) | undefined> {
    const settings = this.#settings;
    const step = this.#step;
    const lr = learningRateAt(step, settings);
    const start = performance.now();
    const result = await this.#model.step(this.#loader, step, this.#microSteps, lr, this.#updates + 1);
    if (!result) return undefined;
    const ms = performance.now() - start;
    this.#step++;
    if (Number.isFinite(result.norm)) this.#updates++;
    const tokensPerSecond = settings.totalBatchSize / (ms / 1000);
    const mfu = (tokensPerSecond * trainingFlopsPerToken(this.#config, settings.sequenceLength)) / peak;
    return { kind: 'train', step, ...result, lr, ms, tokensPerSecond, mfu };
  }

  /** Validation loss and samples of the model as it is, unless the log already has them. */
  async *#look(
    isDue: (every: number) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<TrainerEvent & { kind: 'eval' | 'sample' }> {
    const { evalEvery, sampleEvery, seed } = this.#settings;
    const step = this.#step;
    const known = (kind: Metrics['kind']) => this.#known.filter((line) => line.step === step && line.kind === kind);
    if (this.#validation && isDue(evalEvery) && known('eval').length === 0) {
      const loss = await validationLoss(this.#model.session.program('evaluate'), this.#validation);
      if (loss !== undefined) yield { kind: 'eval', step, validationLoss: loss };
    }
    if (isDue(sampleEvery) && !signal?.aborted) {
      const done = known('sample').length;
      if (done === SAMPLE_STREAMS) return;
      const texts = await takeSamples(this.#model.generator, this.#config, seed + step);
      for (const text of texts.slice(done)) yield { kind: 'sample', step, text };
    }
  }

  async #save(): Promise<TrainerEvent> {
    const { out, keep, seed } = this.#settings;
    const state = {
      formatVersion: 1 as const,
      step: this.#step,
      updates: this.#updates,
      seed,
      configuration: { ...this.#settings },
      versions: versions(this.#backend),
    };
    const path = await writeCheckpoint(out, this.#model.session, this.#config, state);
    await removeOldCheckpoints(out, keep);
    return { kind: 'checkpoint', step: this.#step, path };
  }
}
