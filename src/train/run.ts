/** @file One run in progress: steps, looks at the model, checkpoints, in the order of the step numbers. */

import type { BatchLoader } from '../data/batches/batch-loader.ts';
import type { EvaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import { type Communicator, isWriter } from '../engine/runtime/communicator.ts';
import { hellaswag } from '../eval/hellaswag.ts';
import type { HellaswagTask } from '../eval/hellaswag-task.ts';
import { validationLoss } from '../eval/validation-loss.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { parameterCount, trainingFlopsPerToken } from '../model/flops.ts';
import { removeOldCheckpoints, stepFolder } from '../runs/checkpoints.ts';
import {
  type EvalMetrics,
  type Metrics,
  MetricsLog,
  readMetrics,
  type SampleMetrics,
  type TrainMetrics,
} from '../runs/metrics.ts';
import { writeRunFacts } from '../runs/run-facts.ts';
import { UserError } from '../support/errors.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { CheckpointEvent, ProgressEvent, StartEvent, TrainerEvent } from './events.ts';
import { RecentValues } from './outliers.ts';
import { StepProfile } from './profile.ts';
import { begin } from './resume.ts';
import { SAMPLE_STREAMS, takeSamples } from './samples.ts';
import { learningRateAt } from './schedule.ts';
import type { RunRecord } from './settings.ts';
import { TrainingModel } from './training-model.ts';
import { versions } from './versions.ts';

export interface RunParts {
  readonly record: RunRecord;
  readonly config: Gpt2Config;
  readonly microSteps: number;
  readonly backend: Backend;
  readonly communicator: Communicator;
  readonly loader: BatchLoader;
  /** Undefined when the run is not validated. */
  readonly validation: EvaluationBatches | undefined;
  readonly hellaswag: HellaswagTask | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether the second step from here, or the only one, is measured node by node; the first still touches new memory. */
  readonly profile: boolean;
}

/** So many updates in a row that could not be made end a run. */
const MAX_SKIPPED = 5;

export class Run {
  readonly #parts: RunParts;
  readonly #model: TrainingModel;
  /** Whether this process writes the run folder. */
  readonly #isWriter: boolean;
  /** What ends a piece of work in its middle: nothing where other ranks share in it. */
  readonly #signal: AbortSignal | undefined;
  /** Steps trained, and updates made in them. */
  #step = 0;
  #updates = 0;
  #losses = new RecentValues();
  #norms = new RecentValues();
  /** Steps since the last update that was made, and the newest checkpoint. */
  #skippedInARow = 0;
  #saved: { readonly step: number; readonly path: string } | undefined;
  /** Whether a rank wished to stop in the last step. */
  #hasRankStopped = false;
  /** What an earlier process logged of the step that this one goes on from. */
  #known: readonly Metrics[] = [];

  /** @throws UserError when the device has too little memory. */
  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#model = new TrainingModel(parts.backend, parts.config, parts.record, parts.communicator);
    this.#isWriter = isWriter(parts.communicator);
    this.#signal = parts.communicator.size === 1 ? parts.signal : undefined;
  }

  /** Trains to the last step, or until the signal. */
  async *events(): AsyncGenerator<TrainerEvent> {
    const { record } = this.#parts;
    const start = await this.#begin();
    yield start;
    const log = this.#isWriter ? await MetricsLog.open(record.out, this.#step) : undefined;
    try {
      let interrupted = false;
      while (true) {
        const isLast = this.#step === record.steps;
        const isDue = (every: number) => every > 0 && (isLast || this.#step % every === 0);
        if (this.#step > 0 && this.#step !== this.#saved?.step && this.#isCheckpointDue(isDue))
          yield await this.#save();
        const isSeen = yield* this.#look(isDue, log);
        interrupted = !isSeen || (!isLast && this.#isStopWished);
        // a process killed right after the last checkpoint left the one that it was to replace
        if (isLast && this.#isWriter && this.#saved?.step === this.#step)
          await removeOldCheckpoints(record.out, record.keep, this.#step);
        if (isLast || interrupted) break;
        const isProfiled = this.#parts.profile && this.#step === Math.min(start.step + 1, record.steps - 1);
        const profile = isProfiled ? new StepProfile() : undefined;
        const metrics = await this.#train(start.peak, profile);
        if (!metrics) {
          interrupted = true;
          break;
        }
        log?.append(metrics);
        yield metrics;
        if (profile) yield { kind: 'profile', nodes: profile.nodes };
        this.#stopIfDiverged();
      }
      if (interrupted && this.#step > 0 && this.#step !== this.#saved?.step) yield await this.#save();
      yield { kind: 'end', step: this.#step, interrupted };
    } finally {
      log?.close();
    }
  }

  async #begin(): Promise<StartEvent> {
    const { record, config, microSteps, backend, loader } = this.#parts;
    const { state, from, passedOver } = await begin(this.#model, record);
    if (state && from) {
      this.#step = state.step;
      this.#updates = state.updates;
      this.#losses = new RecentValues(state.recent.losses);
      this.#norms = new RecentValues(state.recent.norms);
      this.#saved = { step: state.step, path: from };
      this.#known = (await readMetrics(record.out)).filter(({ step }) => step === state.step);
    }
    const facts = { configuration: { ...record }, versions: versions(backend) };
    if (this.#isWriter) await writeRunFacts(record.out, config, facts);
    const { trainTokens, ...settings } = record;
    return {
      kind: 'start',
      settings,
      device: backend.description,
      parameters: parameterCount(config),
      microSteps,
      bytes: this.#model.bytes,
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
    const { record, config, microSteps, loader, signal } = this.#parts;
    const step = this.#step;
    const learningRate = learningRateAt(step, record);
    const limit = (recent: RecentValues): number =>
      record.skipOutliers > 0 ? recent.limit(record.skipOutliers) : Number.POSITIVE_INFINITY;
    const limits = { loss: limit(this.#losses), norm: limit(this.#norms) };
    const start = performance.now();
    const update = { learningRate, updateCount: this.#updates + 1, limits };
    const result = await this.#model.step(loader, { step, microSteps }, update, { signal, profile });
    if (result === undefined) return undefined;
    const ms = performance.now() - start;

    const { loss, norm, updated } = result;
    this.#hasRankStopped = result.stopWished;
    const [lossZ, normZ] = [this.#losses.score(loss), this.#norms.score(norm)];
    const skipped = updated ? undefined : Number.isFinite(loss) && Number.isFinite(norm) ? 'outlier' : 'not finite';
    this.#step++;
    if (updated) this.#updates++;
    this.#skippedInARow = updated ? 0 : this.#skippedInARow + 1;
    this.#losses.add(loss);
    this.#norms.add(norm);
    const tokensPerSecond = record.totalBatchSize / (ms / 1000);
    const mfu = (tokensPerSecond * trainingFlopsPerToken(config, record.sequenceLength)) / peak;
    return {
      ...{ kind: 'train', step, loss, lr: learningRate, norm, ms, tokensPerSecond, mfu },
      ...(lossZ === undefined || normZ === undefined ? {} : { lossZ, normZ }),
      ...(skipped ? { skipped } : {}),
    };
  }

  #stopIfDiverged(): void {
    if (this.#skippedInARow < MAX_SKIPPED) return;
    const { out } = this.#parts.record;
    const good = this.#saved ? `the last good checkpoint is ${this.#saved.path}` : 'there is no checkpoint yet';
    throw new UserError(
      `${MAX_SKIPPED} updates in a row were skipped, up to step ${this.#step - 1}: loss or gradients are not usable; ${good}. Look at the data of these steps, or go on with a lower --lr: --fork ${out}`,
    );
  }

  /** Whether this process was asked to stop or, in a world of several, any was when the last step was made. */
  get #isStopWished(): boolean {
    return this.#parts.communicator.size === 1 ? this.#parts.signal?.aborted === true : this.#hasRankStopped;
  }

  /** Every so many steps, and before an evaluation, which may take long. */
  #isCheckpointDue(isDue: (every: number) => boolean): boolean {
    const { checkpointEvery } = this.#parts.record;
    return isDue(checkpointEvery) || (checkpointEvery > 0 && this.#isEvaluationDue(isDue));
  }

  /** Whether there is something to evaluate that the log does not have. */
  #isEvaluationDue(isDue: (every: number) => boolean): boolean {
    const { record, validation, hellaswag: task } = this.#parts;
    return (validation ?? task) !== undefined && isDue(record.evalEvery) && this.#logged('eval') === 0;
  }

  /** Lines of a kind that an earlier process logged of this step. */
  #logged(kind: Metrics['kind']): number {
    return this.#known.filter((line) => line.step === this.#step && line.kind === kind).length;
  }

  /**
   * Evaluation and samples of the model as it is, logged, unless the log already has them; false when it was stopped before
   * it had all that is due.
   */
  async *#look(
    isDue: (every: number) => boolean,
    log: MetricsLog | undefined,
  ): AsyncGenerator<ProgressEvent | EvalMetrics | SampleMetrics, boolean> {
    const { record, config } = this.#parts;
    if (this.#isEvaluationDue(isDue)) {
      const found = yield* this.#evaluate();
      if (!found) return false;
      log?.append(found);
      yield found;
    }
    const sampled = this.#logged('sample');
    if (!this.#isWriter || !isDue(record.sampleEvery) || sampled >= SAMPLE_STREAMS) return true;
    if (this.#signal?.aborted) return false;
    const step = this.#step;
    const texts = await takeSamples(this.#model.generator, config, record, record.seed + step, this.#signal);
    if (this.#signal?.aborted) return false;
    for (const text of texts.slice(sampled)) {
      const sample: SampleMetrics = { kind: 'sample', step, text };
      log?.append(sample);
      yield sample;
    }
    return true;
  }

  /** What is found of the model; undefined when it was stopped. */
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
      );
      const loss = yield* this.#progressOf('validation', validation.batchCount, evaluation);
      if (loss === undefined) return undefined;
      metrics = { ...metrics, validationLoss: loss };
    }
    if (task) {
      const evaluation = hellaswag(this.#model.scorer, task, communicator, this.#signal);
      const result = yield* this.#progressOf('hellaswag', task.labels.length, evaluation);
      if (result === undefined) return undefined;
      metrics = { ...metrics, hellaswag: result };
    }
    return metrics;
  }

  async *#progressOf<T>(
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
    const { record, backend } = this.#parts;
    const path = stepFolder(record.out, this.#step);
    this.#saved = { step: this.#step, path };
    if (!this.#isWriter) return { kind: 'checkpoint', step: this.#step, path };
    await writeCheckpoint(record.out, this.#model, {
      formatVersion: 1,
      step: this.#step,
      updates: this.#updates,
      seed: record.seed,
      recent: { losses: this.#losses.values, norms: this.#norms.values },
      configuration: { ...record },
      versions: versions(backend),
    });
    await removeOldCheckpoints(record.out, record.keep, this.#step);
    return { kind: 'checkpoint', step: this.#step, path };
  }
}
