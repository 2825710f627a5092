/** @file What the sampling of a generation program takes and gives, row by row. */

import { SAMPLING_COUNTS, SAMPLING_NUMBERS } from '../engine/ops/sample.ts';
import type { Plan } from '../engine/plan.ts';
import type { InputValue, ResultValues } from '../engine/runtime/program.ts';
import { extent } from '../engine/tensor.ts';
import { UserError } from '../support/errors.ts';
import { MAX_ALTERNATIVES, type SamplingSettings } from './sampling.ts';

/** How to sample one token of a stream. */
export interface TokenSampling {
  readonly settings: SamplingSettings;
  /** Ids from here on are not sampled. */
  readonly vocabularySize: number;
  /** In [0, 1). */
  readonly uniform: number;
  /** Added to the logits of these ids. */
  readonly adjustments: ReadonlyMap<number, number>;
}

/** Log-probabilities are in nats, of the model's own distribution: before bias, penalties and temperature. */
export interface SampledToken {
  readonly token: number;
  readonly logprob: number;
  /** As many of the most likely tokens as `logprobs` asked for, most likely first. */
  readonly topIds: Int32Array;
  readonly topLogprobs: Float32Array;
}

export class SamplingRows {
  readonly results: Readonly<Record<'tokens' | 'logprobs' | 'topIds' | 'topLogprobs', ResultValues>>;
  readonly #numbers: Float64Array;
  readonly #counts: Int32Array;
  readonly #adjustedIds: Int32Array;
  readonly #adjustments: Float32Array;
  readonly #maxAdjustments: number;
  #hasAdjustments = false;

  /** @param plan one of `planGeneration` */
  constructor({ batch, inputs }: Plan) {
    const adjustments = inputs.get('adjustments');
    if (!adjustments) throw new TypeError('this plan samples no tokens');
    this.#maxAdjustments = extent(adjustments.tensor, 1);
    this.#numbers = new Float64Array(batch * SAMPLING_NUMBERS);
    this.#counts = new Int32Array(batch * SAMPLING_COUNTS);
    this.#adjustedIds = new Int32Array(batch * this.#maxAdjustments);
    this.#adjustments = new Float32Array(batch * this.#maxAdjustments);
    this.results = {
      tokens: new Int32Array(batch),
      logprobs: new Float32Array(batch),
      topIds: new Int32Array(batch * MAX_ALTERNATIVES),
      topLogprobs: new Float32Array(batch * MAX_ALTERNATIVES),
    };
  }

  /** Says how each row is sampled; one that is undefined gives no token. */
  set(rows: readonly (TokenSampling | undefined)[]): void {
    this.#hasAdjustments = false;
    this.#counts.fill(0);
    rows.forEach((sampling, row) => {
      if (!sampling) return;
      const { settings, vocabularySize, uniform, adjustments } = sampling;
      const { temperature, topK, topP, minP = 0, logprobs = 0 } = settings;
      this.#numbers.set([temperature, topP, minP, uniform], row * SAMPLING_NUMBERS);
      const counts = [vocabularySize, Math.min(topK, vocabularySize), logprobs, adjustments.size];
      this.#counts.set(counts, row * SAMPLING_COUNTS);
      let at = row * this.#maxAdjustments;
      for (const [id, adjustment] of adjustments) {
        this.#hasAdjustments = true;
        this.#adjustedIds[at] = id;
        this.#adjustments[at++] = adjustment;
      }
    });
  }

  get inputs(): Readonly<Record<string, InputValue>> {
    const needed = { samplingNumbers: this.#numbers, samplingCounts: this.#counts };
    if (!this.#hasAdjustments) return needed;
    return { ...needed, adjustedIds: this.#adjustedIds, adjustments: this.#adjustments };
  }

  /**
   * The token that the last run sampled in a row.
   * @throws UserError when the logits are not numbers, as after training that diverged.
   */
  token(row: number): SampledToken {
    const { tokens, logprobs, topIds, topLogprobs } = this.results;
    const token = tokens[row] ?? -1;
    const logprob = logprobs[row] ?? Number.NaN;
    if (token < 0)
      throw new UserError(`the model gives logits of ${logprob}; its weights are damaged, or its training diverged`);
    const start = row * MAX_ALTERNATIVES;
    const end = start + (this.#counts[row * SAMPLING_COUNTS + 2] ?? 0);
    return {
      token,
      logprob,
      topIds: Int32Array.from(topIds.subarray(start, end)),
      topLogprobs: Float32Array.from(topLogprobs.subarray(start, end)),
    };
  }
}
