/** @file One run in progress: steps, looks at the model, checkpoints, in the order of the step numbers. */

import type { BatchLoader } from '../data/batch-loader.ts';
import type { EvaluationBatches } from '../data/evaluation-batches.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Communicator } from '../engine/runtime/communicator.ts';
import { hellaswag } from '../eval/hellaswag.ts';
import type { HellaswagTask } from '../eval/hellaswag-task.ts';
import { validationLoss } from '../eval/validation-loss.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { parameterCount, trainingFlopsPerToken } from '../model/flops.ts';
import { removeOldCheckpoints } from '../runs/checkpoints.ts';
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
import { ModelSession } from './model-session.ts';
import { RecentValues } from './outliers.ts';
import { measureMatrixRate } from './peak.ts';
import { StepProfile } from './profile.ts';
import { begin } from './resume.ts';
import { SAMPLE_STREAMS, takeSamples } from './samples.ts';
import { learningRateAt } from './schedule.ts';
import type { RunRecord } from './settings.ts';
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
const MOST_SKIPPED = 5;

export class Run {
  readonly #parts: RunParts;
  readonly #model: ModelSession;
  /** Steps trained, and AdamW updates made in them. */
  #step = 0;
  #updates = 0;
  #losses = new RecentValues();
  #norms = new RecentValues();
  /** Steps since the last update that was made, and the newest checkpoint. */
  #skippedInARow = 0;
  #saved: { readonly step: number; readonly path: string } | undefined;
  /** What an earlier process logged of the step that this one goes on from. */
  #known: readonly Metrics[] = [];

  /** @throws UserError when the device has too little memory. */
  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#model = new ModelSession(parts.backend, parts.config, parts.record, parts.communicator);
  }

  /** Trains to the last step, or until the signal. */
  async *events(): AsyncGenerator<TrainerEvent> {
    const { record, signal } = this.#parts;
    const start = await this.#begin();
    yield start;
    const log = await MetricsLog.open(record.out, this.#step);
    try {
      let interrupted = false;
      while (true) {
        const isLast = this.#step === record.steps;
        const isDue = (every: number) => every > 0 && (isLast || this.#step % every === 0);
        if (this.#step > 0 && this.#step !== this.#saved?.step && this.#isCheckpointDue(isDue))
          yield await this.#save();
        const isSeen = yield* this.#look(isDue, log);
        interrupted = !isSeen || (!isLast && signal?.aborted === true);
        // a process killed right after the last checkpoint left the one that it was to replace
        if (isLast && this.#saved?.step === this.#step) await removeOldCheckpoints(record.out, record.keep, this.#step);
        if (isLast || interrupted) break;
        const isProfiled = this.#parts.profile && this.#step === Math.min(start.step + 1, record.steps - 1);
        const profile = isProfiled ? new StepProfile() : undefined;
        const metrics = await this.#train(start.peak, profile);
        if (!metrics) {
          interrupted = true;
          break;
        }
        log.append(metrics);
        yield metrics;
        if (profile) yield { kind: 'profile', nodes: profile.nodes };
        this.#stopIfDiverged();
      }
      if (interrupted && this.#step > 0 && this.#step !== this.#saved?.step) yield await this.#save();
      yield { kind: 'end', step: this.#step, interrupted };
    } finally {
      log.close();
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
    await writeRunFacts(record.out, config, { configuration: { ...record }, versions: versions(backend) });
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
      peak: await measureMatrixRate(backend, record.precision),
      step: this.#step,
      resumedFrom: from,
      passedOver,
    };
  }

  /** Trains one step; undefined when it was abandoned because the run was asked to stop. */
  async #train(peak: number, profile?: StepProfile): Promise<TrainMetrics | undefined> {
    const { record, config, microSteps, loader, signal } = this.#parts;
    const step = this.#step;
    const lr = learningRateAt(step, record);
    const start = performance.now();
    const loss = await this.#model.accumulate(loader, step, microSteps, { signal, profile });
    if (loss === undefined) return undefined;
    const lossZ = this.#losses.score(loss);
    const { skipOutliers } = record;
    const isOutlier = skipOutliers > 0 && lossZ !== undefined && lossZ > skipOutliers;
    const normLimit = skipOutliers > 0 ? this.#norms.limit(skipOutliers) : Number.POSITIVE_INFINITY;
    const limit = !Number.isFinite(loss) || isOutlier ? -1 : normLimit;
    const { norm, updated } = await this.#model.update(lr, this.#updates + 1, limit, profile);
    const ms = performance.now() - start;

    const normZ = this.#norms.score(norm);
    const skipped = updated ? undefined : Number.isFinite(loss) && Number.isFinite(norm) ? 'outlier' : 'not finite';
    this.#step++;
    if (updated) this.#updates++;
    this.#skippedInARow = updated ? 0 : this.#skippedInARow + 1;
    this.#losses.add(loss);
    this.#norms.add(norm);
    const tokensPerSecond = record.totalBatchSize / (ms / 1000);
    const mfu = (tokensPerSecond * trainingFlopsPerToken(config, record.sequenceLength)) / peak;
    return {
      ...{ kind: 'train', step, loss, lr, norm, ms, tokensPerSecond, mfu },
      ...(lossZ === undefined || normZ === undefined ? {} : { lossZ, normZ }),
      ...(skipped ? { skipped } : {}),
    };
  }

  #stopIfDiverged(): void {
    if (this.#skippedInARow < MOST_SKIPPED) return;
    const { out } = this.#parts.record;
    const good = this.#saved ? `the last good checkpoint is ${this.#saved.path}` : 'there is no checkpoint yet';
    throw new UserError(
      `${MOST_SKIPPED} updates in a row were skipped, up to step ${this.#step - 1}: loss or gradients are not usable; ${good}. Look at the data of these steps, or go on with a lower --lr: --fork ${out}`,
    );
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
    log: MetricsLog,
  ): AsyncGenerator<ProgressEvent | EvalMetrics | SampleMetrics, boolean> {
    const { record, config, signal } = this.#parts;
    if (this.#isEvaluationDue(isDue)) {
      const found = yield* this.#evaluate();
      if (!found) return false;
      log.append(found);
      yield found;
    }
    const sampled = this.#logged('sample');
    if (!isDue(record.sampleEvery) || sampled >= SAMPLE_STREAMS) return true;
    if (signal?.aborted) return false;
    const step = this.#step;
    const texts = await takeSamples(this.#model.generator, config, record, record.seed + step, signal);
    if (signal?.aborted) return false;
    for (const text of texts.slice(sampled)) {
      const sample: SampleMetrics = { kind: 'sample', step, text };
      log.append(sample);
      yield sample;
    }
    return true;
  }

  /** What is found of the model; undefined when it was stopped. */
  async *#evaluate(): AsyncGenerator<ProgressEvent, EvalMetrics | undefined> {
    const { validation, hellaswag: task, signal } = this.#parts;
    const step = this.#step;
    let metrics: EvalMetrics = { kind: 'eval', step };
    if (validation) {
      const evaluation = validationLoss(this.#model.session.program('evaluate'), validation, signal);
      const loss = yield* this.#progressOf('validation', validation.batchCount, evaluation);
      if (loss === undefined) return undefined;
      metrics = { ...metrics, validationLoss: loss };
    }
    if (task) {
      const evaluation = hellaswag(this.#model.scorer, task, signal);
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
    const { record, config, backend } = this.#parts;
    const path = await writeCheckpoint(record.out, this.#model.session, config, {
      formatVersion: 1,
      step: this.#step,
      updates: this.#updates,
      seed: record.seed,
      recent: { losses: this.#losses.values, norms: this.#norms.values },
      configuration: { ...record },
      versions: versions(backend),
    });
    this.#saved = { step: this.#step, path };
    await removeOldCheckpoints(record.out, record.keep, this.#step);
    return { kind: 'checkpoint', step: this.#step, path };
  }
}
