/** @file The model in training on its device: its programs, and the steps made of them. */

import type { BatchLoader } from '../data/batches/batch-loader.ts';
import type { Plan } from '../engine/plan.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Communicator } from '../engine/runtime/communicator.ts';
import { checkMemory, totalBytes } from '../engine/runtime/memory.ts';
import type { Program } from '../engine/runtime/program.ts';
import { Session, sessionBytes } from '../engine/runtime/session.ts';
import type { Shard } from '../engine/shard.ts';
import type { Target } from '../engine/target.ts';
import { packedTokens, planScoring } from '../eval/programs.ts';
import { Scorer } from '../eval/scorer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { Generator } from '../generate/generator.ts';
import { planGeneration } from '../generate/programs.ts';
import { createOptimizer } from './optimizers/create.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { StepProfile } from './profile.ts';
import { planTraining } from './programs.ts';
import { SAMPLE_STREAMS, samplePositions } from './samples.ts';
import type { Settings } from './settings.ts';

type ProgramName = 'gradients' | 'lastGradients' | 'update' | 'evaluate' | 'score' | 'prefill' | 'decode' | 'pack';

/** The largest finite float32. */
const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** Limits above which no update is made. */
export interface UpdateLimits {
  /** Of the mean loss of the global batch. */
  readonly loss: number;
  /** Of the gradient norm before clipping. */
  readonly norm: number;
}

/** The outcome of a step. */
export interface StepResult {
  /** Mean of the global batch, before the update. */
  readonly loss: number;
  /** Before clipping. */
  readonly norm: number;
  /** Whether the update was made; if not, the model is as it was. */
  readonly updated: boolean;
  /** Whether any rank has been asked to stop. */
  readonly stopRequested: boolean;
}

export interface StepOptions {
  readonly signal?: AbortSignal | undefined;
  readonly profile?: StepProfile | undefined;
}

export class TrainingModel {
  readonly session: Session<ProgramName>;
  readonly optimizer: Optimizer;
  readonly generator: Generator;
  readonly scorer: Scorer;
  readonly config: Gpt2Config;
  readonly communicator: Communicator;
  /** Planned bytes on the device. */
  readonly bytes: number;

  /** @throws UserError when the device has too little memory, naming the largest batch that fits. */
  constructor(backend: Backend, modelConfig: Gpt2Config, settings: Settings, communicator: Communicator) {
    this.config = modelConfig;
    this.communicator = communicator;
    this.optimizer = createOptimizer(settings);
    const planned = (batchSize: number) =>
      planAll(modelConfig, backend, { ...settings, batchSize }, this.optimizer, communicator);
    const { layout, plans } = planned(settings.batchSize);
    const bytes = sessionBytes(layout, Object.values(plans));
    checkMemory(backend, bytes, `batch ${settings.batchSize}`, () =>
      largestBatch(settings.batchSize, (batchSize) => {
        const smaller = planned(batchSize);
        return (
          totalBytes(backend, sessionBytes(smaller.layout, Object.values(smaller.plans))) <= backend.memory().available
        );
      }),
    );
    this.bytes = totalBytes(backend, bytes);
    this.session = new Session(backend, layout, plans, communicator);
    this.generator = new Generator(this.session);
    this.scorer = new Scorer(this.session.program('score'), modelConfig.contextLength);
  }

  /**
   * One step: forward and backward over all micro-steps, then the update. Undefined when the signal ended it; apart from
   * its gradients the model is then as it was. With several ranks the signal is passed on to the others, and the step is
   * still made.
   *
   * @param updateCount the number of this update, from 1
   * @throws the communicator's error when a rank is lost
   */
  async step(
    loader: BatchLoader,
    { step, microSteps }: { readonly step: number; readonly microSteps: number },
    update: { readonly learningRate: number; readonly updateCount: number; readonly limits: UpdateLimits },
    { signal, profile }: StepOptions = {},
  ): Promise<StepResult | undefined> {
    const isAlone = this.communicator.size === 1;
    const { batch, length } = this.session.program('gradients').plan;
    const scale = 1 / (microSteps * batch * length * this.communicator.size);
    for (let micro = 0; micro < microSteps; micro++) {
      const { tokens, targets } = loader.batch(step, micro);
      const isLast = micro === microSteps - 1;
      const program = this.session.program(isLast ? 'lastGradients' : 'gradients');
      const stopRequest = isLast && !isAlone ? { stop: signal?.aborted ? 1 : 0 } : {};
      const seconds = profile?.secondsOf('gradients', program.plan);
      const options = { signal: isAlone ? signal : this.communicator.failed, seconds };
      const outcome = await program.run({ tokens, targets, scale, ...stopRequest }, options);
      if (this.communicator.failed?.aborted) throw this.communicator.failure();
      if (outcome === 'stopped') return undefined;
    }
    return this.#update(update, scale, profile);
  }

  async #update(
    { learningRate, updateCount, limits }: Parameters<TrainingModel['step']>[2],
    scale: number,
    profile: StepProfile | undefined,
  ): Promise<StepResult | undefined> {
    const program: Program = this.session.program('update');
    const inputs = {
      learningRate,
      updateCount,
      normLimit: finite(limits.norm),
      lossLimit: finite(limits.loss / scale),
    };
    const [norm, factor] = [new Float32Array(1), new Float32Array(1)];
    const statistics = new Float32Array(this.session.layout.statistics.size);
    const seconds = profile?.secondsOf('update', program.plan);
    if ((await program.run(inputs, { results: { norm, factor, statistics }, seconds })) === 'stopped') return undefined;
    const [loss = Number.NaN, stop = 0] = statistics;
    const updated = (factor[0] ?? -1) >= 0;
    return { loss: loss * scale, norm: norm[0] ?? Number.NaN, updated, stopRequested: stop > 0 };
  }
}

const finite = (limit: number): number => Math.min(limit, MAX_FLOAT32);

/** Plans every program of a training process, over one layout. */
export function planAll(
  modelConfig: Gpt2Config,
  target: Target,
  settings: Settings,
  optimizer: Optimizer,
  { rank, size }: Pick<Communicator, 'rank' | 'size'>,
) {
  const { batchSize: batch, sequenceLength: length, precision, gradientClip, zero, overlap } = settings;
  const shard: Shard | undefined = zero > 0 ? { rank, size } : undefined;
  const training = { batch, length, precision, ranks: size, shard, overlap };
  const { layout, plans } = planTraining(modelConfig, target, training, { optimizer, gradientClip });
  const positions = samplePositions(settings, modelConfig);
  const extents = { streams: SAMPLE_STREAMS, positions, promptLength: positions, precision };
  const tokens = packedTokens(modelConfig, batch * length);
  const score = planScoring(modelConfig, layout, target, { tokens, top: 0, precision });
  const all: Record<ProgramName, Plan> = { ...plans, score, ...planGeneration(modelConfig, layout, target, extents) };
  return { layout, plans: all };
}

/** What to do about too little memory: the largest batch that fits, found by halving, since a plan grows with its batch. */
function largestBatch(tooLarge: number, fits: (batch: number) => boolean): string {
  let largest = 0;
  for (let smallest = tooLarge; smallest - largest > 1; ) {
    const middle = Math.floor((largest + smallest) / 2);
    if (fits(middle)) largest = middle;
    else smallest = middle;
  }
  return largest > 0
    ? `the largest that fits is ${largest}`
    : 'no batch fits; take a smaller model or a shorter --sequence-length';
}
