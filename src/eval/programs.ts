/** @file The programs of evaluation over one parameter layout: losses of whole rows, and log-probabilities of chosen tokens. */

import { Graph } from '../engine/graph.ts';
import type { ParameterLayout } from '../engine/layout.ts';
import { type Plan, planNetwork } from '../engine/plan.ts';
import type { Target } from '../engine/target.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { copiesForManyRows, gpt2LogLikelihoods, gpt2Losses } from '../model/gpt2.ts';
import type { InferenceTypes } from '../model/inference-precision.ts';

/** How an evaluation computes; in training without copies of the weights. */
export type EvaluationTypes = Pick<InferenceTypes, 'precision'> & Partial<InferenceTypes>;

/** Plans the losses of whole rows. Inputs tokens, targets [B, T]; result losses [B, T]. */
export function planLosses(
  config: Gpt2Config,
  layout: ParameterLayout,
  target: Target,
  { batch, length, precision, copies }: EvaluationTypes & { batch: number; length: number },
): Plan {
  const graph = new Graph({ batch, length }, precision);
  graph.result('losses', gpt2Losses(graph, config, copiesForManyRows(copies)));
  return planNetwork(graph, layout, target);
}

/** Scoring runs take at least this many tokens: enough to keep the arithmetic units busy. */
const MIN_PACKED_TOKENS = 1024;

/** The tokens of a scoring run, next to programs that run on batches of `batchTokens`. */
export function packedTokens(config: Gpt2Config, batchTokens: number): number {
  return Math.max(MIN_PACKED_TOKENS, config.contextLength, batchTokens);
}

/**
 * One row of packed segments (see `Scorer`) of at most `tokens` tokens together. Results values [R] and, with `top` K > 0,
 * topIds and topValues [R, K].
 */
export function planScoring(
  config: Gpt2Config,
  layout: ParameterLayout,
  target: Target,
  { tokens, top, precision, copies }: EvaluationTypes & { tokens: number; top: number },
): Plan {
  const graph = new Graph({ batch: 1, length: tokens }, precision);
  const extents = { segments: Math.ceil(tokens / 2), rows: tokens, top };
  const { values, topIds, topValues } = gpt2LogLikelihoods(graph, config, extents, copiesForManyRows(copies));
  graph.result('values', values);
  if (topIds) graph.result('topIds', topIds);
  if (topValues) graph.result('topValues', topValues);
  return planNetwork(graph, layout, target);
}
