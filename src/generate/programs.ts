/**
 * @file The programs of generation over one key-value cache: `prefill` reads a prompt, a chunk at a time, into one slot of
 * the cache; `decode` extends many streams, each at its own position, by one token; `pack` copies the weights for them.
 */

import { Graph } from '../engine/graph.ts';
import { layoutParameters, type ParameterLayout } from '../engine/layout.ts';
import { SAMPLING_COUNTS, SAMPLING_NUMBERS, type SamplingInputs, sample } from '../engine/ops/sample.ts';
import { type Plan, plan, planNetwork } from '../engine/plan.ts';
import type { Target } from '../engine/target.ts';
import { extent, type Precision } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import {
  type CacheSize,
  copiesForManyRows,
  gpt2NextLogits,
  gpt2WeightCopies,
  type WeightCopies,
} from '../model/gpt2.ts';
import { MAX_ALTERNATIVES, MAX_BIASED_TOKENS } from './sampling.ts';

/**
 * Streams decoded together by default. Up to 8 rows, the CPU's products read each weight once, in place, and give a row
 * the same bits whatever stands beside it.
 */
export const DEFAULT_STREAMS = 8;

/** Positions of a prompt read at once by default: other streams wait for so many, and 512 are read only 1.2 times as fast. */
export const DEFAULT_PROMPT_LENGTH = 128;

export interface GenerationExtents {
  /** Streams decoded together, and slots of the cache. */
  readonly streams: number;
  /** Positions of each stream, prompt included: at most the context length. */
  readonly positions: number;
  /** Positions of a prompt read in one run; longer prompts are read in chunks. Sets how much memory activations take. */
  readonly promptLength: number;
  /** That of activations. */
  readonly precision: Precision;
  /**
   * The copies of the weights that decoding reads. bf16: twice as fast where memory bounds it, at the cost of half as much
   * memory again as the parameters take. int8: faster still, for a quarter; prefill reads them too.
   */
  readonly copies?: WeightCopies | undefined;
}

export interface GenerationPlans {
  /**
   * One row of at most `promptLength` positions. Inputs tokens, positions, slots, rows and those of sampling; results
   * logits [1, V], tokens [1] and what `SampledTokens` has besides.
   */
  readonly prefill: Plan;
  /** The same for at most `streams` rows of one position. */
  readonly decode: Plan;
  /** Makes the copies of the weights; empty where the parameters themselves are read. */
  readonly pack: Plan;
}

/**
 * Plans generation over parameters laid out by `layout`: a trainer's, or that of `layoutForInference`. The plans may
 * share a session with those of other programs.
 */
export function planGeneration(
  config: Gpt2Config,
  layout: ParameterLayout,
  target: Target,
  { streams, positions, promptLength, precision, copies }: GenerationExtents,
): GenerationPlans {
  if (positions > config.contextLength)
    throw new RangeError(`a cache of ${positions} positions for a context of ${config.contextLength}`);
  const cache = { slots: streams, positions };
  const planFor = (batch: number, length: number, read: WeightCopies | undefined): Plan => {
    const graph = new Graph({ batch, length }, precision);
    const logits_BV = gpt2NextLogits(graph, config, cache, read);
    graph.result('logits', logits_BV);
    const sampled = sample(logits_BV, samplingInputs(graph, positions + MAX_BIASED_TOKENS), MAX_ALTERNATIVES);
    for (const [name, tensor] of Object.entries(sampled)) graph.result(name, tensor);
    return planNetwork(graph, layout, target);
  };
  const prefill = planFor(1, Math.min(promptLength, positions), copiesForManyRows(copies));
  const decode = planFor(streams, 1, copies);
  return { prefill, decode, pack: planWeightCopies(config, layout, target, copies) };
}

/** Plans the making of the copies that other programs of the session read; nothing where they read none. */
export function planWeightCopies(
  config: Gpt2Config,
  layout: ParameterLayout,
  target: Target,
  copies: WeightCopies | undefined,
): Plan {
  const graph = new Graph({ batch: 1, length: 1 });
  if (copies) gpt2WeightCopies(graph, config, copies);
  return plan(graph, layout, target);
}

function samplingInputs(graph: Graph, maxAdjustments: number): SamplingInputs {
  return {
    numbers_B4: graph.input('samplingNumbers', [graph.batch, SAMPLING_NUMBERS], 'float64'),
    counts_B4: graph.input('samplingCounts', [graph.batch, SAMPLING_COUNTS], 'int32'),
    adjustedIds_BA: graph.input('adjustedIds', [graph.batch, maxAdjustments], 'int32'),
    adjustments_BA: graph.input('adjustments', [graph.batch, maxAdjustments], 'float32'),
  };
}

/** The parameter layout of a model that is run but not trained. */
export function layoutForInference(config: Gpt2Config): ParameterLayout {
  const graph = new Graph({ batch: 1, length: 1 });
  gpt2NextLogits(graph, config, { slots: 1, positions: 1 });
  return layoutParameters(graph);
}

/** The slots and positions of the cache that a plan of generation reads and writes. */
export function cacheSize({ nodes }: Plan): CacheSize {
  const cache = nodes.flatMap(({ node }) => node.updates).find((tensor) => tensor?.storage.kind === 'state');
  if (!cache) throw new TypeError('this plan has no key-value cache');
  return { slots: extent(cache, 0), positions: extent(cache, 3) };
}

/** The number of logits a plan of generation gives for each row. */
export function logitCount({ results }: Plan): number {
  const logits = results.get('logits');
  if (!logits) throw new TypeError('this plan gives no logits');
  return extent(logits, 1);
}
