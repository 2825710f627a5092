/** @file From logits to a token: temperature, then top-k, then top-p, then softmax, as Hugging Face orders them. */

import { UserError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import { keepNucleus, kthLargest } from './selection.ts';

export interface SamplingSettings {
  /** Divides the logits; 0 always takes the most likely token. */
  readonly temperature: number;
  /** Only the k most likely tokens, and those as likely as the last of them; 0 for all. */
  readonly topK: number;
  /** Only the most likely tokens, as few as reach this sum of probabilities; 1 for all. */
  readonly topP: number;
}

/** @throws UserError naming the setting that is out of range. */
export function checkSampling({ temperature, topK, topP }: SamplingSettings): void {
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new UserError(`temperature: expected 0 or more, found ${temperature}`);
  if (!Number.isInteger(topK) || topK < 0)
    throw new UserError(`top-k: expected a whole number from 0 (all tokens), found ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new UserError(`top-p: expected more than 0 and at most 1, found ${topP}`);
}

/**
 * The next token, drawn with one number of `random`; at temperature 0 with none, and the lowest id wins a tie.
 * @throws UserError when the logits are not numbers, as after training that diverged.
 */
export function sampleToken(logits: Float32Array, settings: SamplingSettings, random: Random): number {
  const { temperature, topK, topP } = settings;
  const top = argmax(logits);
  if (temperature === 0) return top;

  const ids = topK > 0 && topK < logits.length ? idsFrom(logits, kthLargest(logits, topK)) : undefined;
  const weights = new Float64Array(ids?.length ?? logits.length);
  const greatest = logits[top]!;
  for (let index = 0; index < weights.length; index++) {
    weights[index] = Math.exp((logits[ids?.[index] ?? index]! - greatest) / temperature);
  }
  if (topP < 1) keepNucleus(weights, topP);
  const drawn = draw(weights, random);
  return ids?.[drawn] ?? drawn;
}

/** The id of the largest logit, the lowest in a tie. */
function argmax(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  if (!Number.isFinite(logits[best])) {
    throw new UserError(`the model gives logits of ${logits[best]}; its weights are damaged, or its training diverged`);
  }
  return best;
}

function idsFrom(logits: Float32Array, threshold: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) if (logits[id]! >= threshold) ids.push(id);
  return ids;
}

/** Draws an index with a probability proportional to its weight. */
function draw(weights: Float64Array, random: Random): number {
  let total = 0;
  for (const weight of weights) total += weight;
  const target = random.uniform() * total;
  let sum = 0;
  let last = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    if (weight === 0) continue;
    sum += weight;
    last = index;
    if (sum > target) break;
  }
  return last;
}
