/** @file One run in progress: steps, evaluations, samples and checkpoints, in order of step. */

import type { BatchLoader } from '../data/batches/batch-loader.ts';
import type { EvaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import { type Communicator, isWriter } from '../engine/runtime/communicator.ts';
import { hellaswag } from '../eval/hellaswag.ts';
import type { HellaswagTask } from '../eval/hellaswag-task.ts';
import { validationLoss } from '../eval/validation-loss.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { parameterCount, trainingFlopsPerToken } from '../model/flops.ts';
import type { EvalMetrics, Metrics, SampleMetrics, TrainMetrics } from '../runs/metric-lines.ts';
import { UserError } from '../support/errors.ts';
import { agreeOn, SharedError, together } from './agreement.ts';
import type { CheckpointEvent, ProgressEvent, StartEvent, TrainerEvent } from './events.ts';
import { findFaults } from './find-faults.ts';
import { RecentValues } from './outliers.ts';
import { StepProfile } from './profile.ts';
import { checkReplicas } from './replicas.ts';
import type { RunLog, RunStore } from './run-store.ts';
import { SAMPLE_STREAMS, takeSamples } from './samples.ts';
import { learningRateAt } from './schedule.ts';
import type { RecordedSettings } from './settings.ts';
import { TrainingModel } from './training-model.ts';

export interface RunParts {
  readonly settings: RecordedSettings;
  readonly modelConfig: Gpt2Config;
  readonly microSteps: number;
  readonly backend: Backend;
  readonly communicator: Communicator;
  readonly loader: BatchLoader;
  /** Undefined when the run is not validated. */
  readonly validation: EvaluationBatches | undefined;
  readonly hellaswag: HellaswagTask | undefined;
  readonly store: RunStore;
  readonly signal: AbortSignal | undefined;
  /**
   * Whether to measure one step node by node: the second from here, as the first still touches new memory, or the only
   * one.
   */
  readonly profile: boolean;
  /** Bytes that this process holds besides the model, to be told where the device shares the host's memory. */
  readonly processBytes: number;
}

/** A run ends after this many skipped updates in a row. */
const MAX_SKIPPED = 5;

export class Run {
  readonly #parts: RunParts;
  readonly #model: TrainingModel;
  /** Whether this process writes the run folder. */
  readonly #isWriter: boolean;
  /** Interrupts a piece of work: a stop was asked for or, where other ranks take part in the work, one of them is lost. */
  readonly #signal: AbortSignal | undefined;
  /** Steps trained, and updates made in them. */
  #step = 0;
  #updateCount = 0;
  #losses = new RecentValues();
  #norms = new RecentValues();
  /** Steps since the last update that was made. */
  #skippedInARow = 0;
  /** The newest checkpoint. */
  #saved: { readonly step: number; readonly path: string } | undefined;
  /** Whether any rank had been asked to stop when the last step was made. */
  #stopRequested = false;
  /** What an earlier process logged for the step that this one resumes at. */
  #known: Metrics[] = [];

  /** @throws UserError when the device has too little memory. */
  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#model = new TrainingModel(parts.backend, parts.modelConfig, parts.settings, parts.communicator);
    this.#isWriter = isWriter(parts.communicator);
    this.#signal = parts.communicator.size === 1 ? parts.signal : parts.communicator.failed;
  }

  /** Trains to the last step, or until the signal. */
  async *events(): AsyncGenerator<TrainerEvent> {
    const { settings, communicator, store } = this.#parts;
    const start = await this.#begin();
    yield start;
    const log = this.#isWriter ? await store.openLog(this.#step) : undefined;
    try {
      let interrupted = false;
      while (true) {
        const isLast = this.#step === settings.steps;
        const isDue = (every: number) => every > 0 && (isLast || this.#step % every === 0);
        if (this.#step > 0 && this.#step !== this.#saved?.step && this.#isCheckpointDue(isDue))
          yield await this.#save();
        const isComplete = yield* this.#evaluateAndSample(isDue, log);
        if (communicator.failed?.aborted) throw communicator.failure();
        interrupted = !isComplete || (!isLast && this.#shouldStop);
        // a process killed right after the last checkpoint has left the one it was about to remove
        if (isLast && this.#isWriter && this.#saved?.step === this.#step) await store.removeOld(this.#step);
        if (isLast || interrupted) break;
        const isProfiled = this.#parts.profile && this.#step === Math.min(start.step + 1, settings.steps - 1);
        const profile = isProfiled ? new StepProfile() : undefined;
        const metrics = await this.#train(start.peak, profile);
        if (!metrics) {
          interrupted = true;
          break;
        }
        log?.append(metrics);
        yield metrics;
        if (profile) yield { kind: 'profile', nodes: profile.nodes };
        await this.#stopIfDiverged();
        if (settings.checkReplicas > 0 && this.#step % settings.checkReplicas === 0)
          await checkReplicas(this.#model, this.#step);
      }
      if (interrupted && this.#step > 0 && this.#step !== this.#saved?.step) yield await this.#save();
      yield { kind: 'end', step: this.#step, interrupted };
    } finally {
      log?.close();
    }
  }

  async #begin(): Promise<StartEvent> {
    const { settings, modelConfig, microSteps, backend, communicator, loader, store } = this.#parts;
    const { state, from, passedOver } = await together(communicator, () => store.begin(this.#model));
    const start = { 'the first step': state?.step ?? 0 };
    await agreeOn(
      communicator,
      start,
      'the ranks do not see the same checkpoints; give --out a folder that all ranks share',
    );
    await checkReplicas(this.#model, state?.step ?? 0);
    if (state && from) {
      this.#step = state.step;
      this.#updateCount = state.updates;
      this.#losses = new RecentValues(state.recent.losses);
      this.#norms = new RecentValues(state.recent.norms);
      this.#saved = { step: state.step, path: from };
      // rank 0 alone reads the file, which it is about to replace
      const logged = this.#isWriter ? await store.loggedAt(state.step) : [];
      const [known = '[]'] = await communicator.share(JSON.stringify(logged));
      this.#known = JSON.parse(known) as Metrics[];
    }
    if (this.#isWriter) await store.recordStart(modelConfig);
    const { trainTokens, ...started } = settings;
    return {
      kind: 'start',
      settings: started,
      device: backend.description,
      ranks: communicator.size,
      parameters: parameterCount(modelConfig),
      microSteps,
      bytes: this.#model.bytes + (backend.sharesHostMemory ? this.#parts.processBytes : 0),
      windowsPerEpoch: loader.windowsPerEpoch,
      trainTokens,
      peak: await backend.peak(),
      step: this.#step,
      resumedFrom: from,
      passedOver,
    };
  }

  /** Trains one step; undefined when it was abandoned because the run was asked to stop. */
  async #train(peak: number, profile?: StepProfile): Promise<TrainMetrics | undefined> {
    const { settings, modelConfig, microSteps, loader, communicator, signal } = this.#parts;
    const step = this.#step;
    const learningRate = learningRateAt(step, settings);
    const limit = (recent: RecentValues): number =>
      settings.skipOutliers > 0 ? recent.limit(settings.skipOutliers) : Number.POSITIVE_INFINITY;
    const limits = { loss: limit(this.#losses), norm: limit(this.#norms) };
    const start = performance.now();
    const update = { learningRate, updateCount: this.#updateCount + 1, limits };
    const result = await this.#model.step(loader, { step, microSteps }, update, { signal, profile }).catch((cause) => {
      throw cause instanceof UserError ? new UserError(`step ${step}: ${cause.message}`, { cause }) : cause;
    });
    if (result === undefined) return undefined;
    const ms = performance.now() - start;

    const { loss, norm, updated } = result;
    this.#stopRequested = result.stopRequested;
    const [lossZ, normZ] = [this.#losses.score(loss), this.#norms.score(norm)];
    const skipped = updated ? undefined : Number.isFinite(loss) && Number.isFinite(norm) ? 'outlier' : 'not finite';
    this.#step++;
    if (updated) this.#updateCount++;
    this.#skippedInARow = updated ? 0 : this.#skippedInARow + 1;
    this.#losses.add(loss);
    this.#norms.add(norm);
    const tokensPerSecond = settings.totalBatchSize / (ms / 1000);
    const flops = tokensPerSecond * trainingFlopsPerToken(modelConfig, settings.sequenceLength);
    const mfu = flops / (peak * communicator.size);
    return {
      kind: 'train',
      step,
      loss,
      lr: learningRate,
      norm,
      ms,
      tokensPerSecond,
      mfu,
      ...(lossZ === undefined || normZ === undefined ? {} : { lossZ, normZ }),
      ...(skipped ? { skipped } : {}),
    };
  }

  async #stopIfDiverged(): Promise<void> {
    if (this.#skippedInARow < MAX_SKIPPED) return;
    const { settings, loader, microSteps } = this.#parts;
    const { out } = settings;
    const faults = await findFaults(this.#model, loader, this.#step - 1, microSteps);
    const good = this.#saved ? `the last good checkpoint is ${this.#saved.path}` : 'there is no checkpoint yet';
    throw new SharedError(
      `${MAX_SKIPPED} updates in a row were skipped, up to step ${this.#step - 1}: the loss or the gradients are not usable${faults && ` (losses that are not finite: ${faults})`}; ${good}. Look at the data of these steps, or continue with a lower --lr: --fork ${out}`,
    );
  }

  /**
   * Whether the run is to stop: this process was asked to or, with several ranks, any had been when the last step was
   * made.
   */
  get #shouldStop(): boolean {
    return this.#parts.communicator.size === 1 ? this.#parts.signal?.aborted === true : this.#stopRequested;
  }

  /** Every `checkpointEvery` steps, and before an evaluation, which may take long. */
  #isCheckpointDue(isDue: (every: number) => boolean): boolean {
    const { checkpointEvery } = this.#parts.settings;
    return isDue(checkpointEvery) || (checkpointEvery > 0 && this.#isEvaluationDue(isDue));
  }

  /** Whether an evaluation is due that the log does not have yet. */
  #isEvaluationDue(isDue: (every: number) => boolean): boolean {
    const { settings, validation, hellaswag: task } = this.#parts;
    return (validation ?? task) !== undefined && isDue(settings.evalEvery) && this.#logged('eval') === 0;
  }

  /** The number of lines of a kind that an earlier process logged for this step. */
  #logged(kind: Metrics['kind']): number {
    return this.#known.filter((line) => line.step === this.#step && line.kind === kind).length;
  }

  /**
   * Evaluates the model and takes samples where they are due and the log does not have them yet, and logs them; false
   * when it was stopped before it had finished.
   */
  async *#evaluateAndSample(
    isDue: (every: number) => boolean,
    log: RunLog | undefined,
  ): AsyncGenerator<ProgressEvent | EvalMetrics | SampleMetrics, boolean> {
    const { settings, modelConfig } = this.#parts;
    if (this.#isEvaluationDue(isDue)) {
      const metrics = yield* this.#evaluate();
      if (!metrics) return false;
      log?.append(metrics);
      yield metrics;
    }
    const sampled = this.#logged('sample');
    if (!this.#isWriter || !isDue(settings.sampleEvery) || sampled >= SAMPLE_STREAMS) return true;
    if (this.#signal?.aborted) return false;
    const step = this.#step;
    const texts = await takeSamples(this.#model.generator, modelConfig, settings, settings.seed + step, this.#signal);
    if (this.#signal?.aborted) return false;
    for (const text of texts.slice(sampled)) {
      const sample: SampleMetrics = { kind: 'sample', step, text };
      log?.append(sample);
      yield sample;
    }
    return true;
  }

  /** The metrics of the model as it is; undefined when it was stopped. */
  async *#evaluate(): AsyncGenerator<ProgressEvent, EvalMetrics | undefined> {
    const { validation, hellaswag: task, communicator } = this.#parts;
    const step = this.#step;
    let metrics: EvalMetrics = { kind: 'eval', step };
    if (validation) {
      const evaluation = validationLoss(
        this.#model.session.program('evaluate'),
        validation,
        communicator,
        this.#signal,
        this.#parts.signal,
      );
      const loss = yield* this.#reportProgress('validation', validation.batchCount, evaluation);
      if (loss === undefined) return undefined;
      metrics = { ...metrics, validationLoss: loss };
    }
    if (task) {
      const evaluation = hellaswag(this.#model.scorer, task, communicator, this.#signal, this.#parts.signal);
      const result = yield* this.#reportProgress('hellaswag', task.labels.length, evaluation);
      if (result === undefined) return undefined;
      metrics = { ...metrics, hellaswag: result };
    }
    return metrics;
  }

  async *#reportProgress<T>(
    task: ProgressEvent['task'],
    total: number,
    evaluation: AsyncGenerator<number, T>,
  ): AsyncGenerator<ProgressEvent, T> {
    let next = await evaluation.next();
    for (; !next.done; next = await evaluation.next())
      yield { kind: 'progress', step: this.#step, task, done: next.value, total };
    return next.value;
  }

  async #save(): Promise<CheckpointEvent> {
    const { store } = this.#parts;
    const path = store.checkpointName(this.#step);
    this.#saved = { step: this.#step, path };
    await store.save(this.#model, {
      step: this.#step,
      updates: this.#updateCount,
      recent: { losses: this.#losses.values, norms: this.#norms.values },
    });
    return { kind: 'checkpoint', step: this.#step, path };
  }
}
