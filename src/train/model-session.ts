/** @file The model in training on its device: its programs, and the steps made of them. */

import type { BatchLoader } from '../data/batch-loader.ts';
import { LAST_MICRO_STEP } from '../engine/passes/collectives.ts';
import type { Plan } from '../engine/plan.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Communicator } from '../engine/runtime/communicator.ts';
import { checkMemory, Session, sessionBytes, totalBytes } from '../engine/runtime/session.ts';
import { packedTokens, planScoring } from '../eval/programs.ts';
import { Scorer } from '../eval/scorer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { Generator } from '../generate/generator.ts';
import { planGeneration } from '../generate/programs.ts';
import type { StepProfile } from './profile.ts';
import { planTraining } from './programs.ts';
import { SAMPLE_STREAMS, samplePositions } from './samples.ts';
import type { Settings } from './settings.ts';

type ProgramName = 'gradients' | 'update' | 'evaluate' | 'score' | 'prefill' | 'decode' | 'pack';

/** Every finite norm is at most this. */
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** AdamW's constants that no setting changes. */
const ADAMW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };

export class ModelSession {
  readonly session: Session<ProgramName>;
  readonly generator: Generator;
  readonly scorer: Scorer;
  readonly config: Gpt2Config;
  /** Planned bytes on the device; on a CPU with what the process holds besides. */
  readonly bytes: number;
  readonly #communicator: Communicator;
  readonly #norm = new Float32Array(1);

  /** @throws UserError when the device has too little memory, naming the largest batch that fits. */
  constructor(backend: Backend, config: Gpt2Config, settings: Settings, communicator: Communicator) {
    this.config = config;
    this.#communicator = communicator;
    const { layout, plans } = planAll(config, settings, settings.batchSize);
    const bytes = sessionBytes(layout, Object.values(plans));
    checkMemory(backend, bytes, `batch ${settings.batchSize}`, () => largestBatch(backend, config, settings));
    this.bytes = totalBytes(backend, bytes) + (backend.name === 'cpu' ? process.memoryUsage.rss() : 0);
    this.session = new Session(backend, layout, plans, communicator);
    this.generator = new Generator(this.session);
    this.scorer = new Scorer(this.session.program('score'), config.contextLength);
  }

  /**
   * Forward and backward over all micro-steps of a step: the mean loss of the global batch; undefined when the signal ended
   * it.
   */
  async accumulate(
    loader: BatchLoader,
    step: number,
    microSteps: number,
    { signal, profile }: { signal?: AbortSignal | undefined; profile?: StepProfile | undefined } = {},
  ): Promise<number | undefined> {
    const gradients = this.session.program('gradients');
    const { batch, length } = gradients.plan;
    const scale = 1 / (microSteps * batch * length * this.#communicator.size);
    for (let micro = 0; micro < microSteps; micro++) {
      const { tokens, targets } = loader.batch(step, micro);
      const inputs = { tokens, targets, scale, [LAST_MICRO_STEP]: micro === microSteps - 1 ? 1 : 0 };
      const seconds = profile?.secondsOf('gradients', gradients.plan);
      if ((await gradients.run(inputs, { signal, seconds })) === 'stopped') return undefined;
    }
    return this.session.takeStatistic('loss') * scale;
  }

  /**
   * The AdamW update with the accumulated gradients, which are zeroed.
   *
   * @param updates the number of this update, from 1
   * @param normLimit a norm above it, or one that is not finite, leaves the model as it is
   * @returns the gradient norm before clipping, and whether the model was updated
   */
  async update(
    learningRate: number,
    updates: number,
    normLimit: number,
    profile?: StepProfile,
  ): Promise<{ norm: number; updated: boolean }> {
    const update = this.session.program('update');
    const limit = Math.fround(Math.min(normLimit, LARGEST_FLOAT32));
    const seconds = profile?.secondsOf('update', update.plan);
    await update.run({ learningRate, updates, normLimit: limit }, { results: { norm: this.#norm }, seconds });
    const [norm = Number.NaN] = this.#norm;
    return { norm, updated: norm <= limit };
  }
}

function planAll(config: Gpt2Config, settings: Settings, batch: number) {
  const { sequenceLength: length, precision, weightDecay, gradientClip } = settings;
  const { layout, plans } = planTraining(config, { batch, length, precision }, { ...ADAMW, weightDecay, gradientClip });
  const positions = samplePositions(settings, config);
  const extents = { streams: SAMPLE_STREAMS, positions, promptLength: positions, precision, packed: false };
  const score = planScoring(config, layout, { tokens: packedTokens(config, batch * length), likeliest: 0, precision });
  const all: Record<ProgramName, Plan> = { ...plans, score, ...planGeneration(config, layout, extents) };
  return { layout, plans: all };
}

/** What to do about too little memory: the largest batch that fits, found by halving, since a plan grows with its batch. */
function largestBatch(backend: Backend, config: Gpt2Config, settings: Settings): string {
  const { available } = backend.memory();
  const fits = (batch: number): boolean => {
    const { layout, plans } = planAll(config, settings, batch);
    return totalBytes(backend, sessionBytes(layout, Object.values(plans))) <= available;
  };
  let most = 0;
  for (let least = settings.batchSize; least - most > 1; ) {
    const middle = Math.floor((most + least) / 2);
    if (fits(middle)) most = middle;
    else least = middle;
  }
  return most > 0
    ? `the largest that fits is ${most}`
    : 'no batch fits; take a smaller model or a shorter --sequence-length';
}
