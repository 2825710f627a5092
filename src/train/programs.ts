/** @file The programs of training: forward+backward, the update, and evaluation, over one parameter layout. */

import { Graph } from '../engine/graph.ts';
import { layoutParameters, type ParameterLayout } from '../engine/layout.ts';
import { clipFactor } from '../engine/ops/clip-factor.ts';
import { beginCollective, waitForCollectives } from '../engine/ops/collectives.ts';
import { squaredNorm } from '../engine/ops/squared-norm.ts';
import { addStatistic, takeStatistics } from '../engine/ops/statistics.ts';
import { sumLosses } from '../engine/ops/sum-losses.ts';
import { gradients } from '../engine/passes/autodiff.ts';
import { insertCollectives } from '../engine/passes/collectives.ts';
import { type Plan, plan } from '../engine/plan.ts';
import { type Shard, shardOf } from '../engine/shard.ts';
import type { Target } from '../engine/target.ts';
import type { Precision } from '../engine/tensor.ts';
import { planLosses } from '../eval/programs.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Losses } from '../model/gpt2.ts';
import type { Optimizer } from './optimizers/optimizer.ts';

export interface TrainingExtents {
  /** Rows of a micro-batch, and tokens of a row. */
  readonly batch: number;
  readonly length: number;
  readonly precision: Precision;
  /** Ranks that train together. */
  readonly ranks: number;
  /** The part of the optimizer's state that this rank keeps, where each keeps another (ZeRO-1); default: all of it. */
  readonly shard?: Shard | undefined;
  /** Whether sums over ranks start during the backward pass; default: they do. */
  readonly overlap?: boolean | undefined;
}

export interface UpdateSettings {
  readonly optimizer: Optimizer;
  /** Largest global gradient norm; 0 turns clipping off. */
  readonly gradientClip: number;
}

export interface TrainingPrograms {
  readonly layout: ParameterLayout;
  readonly plans: {
    /** Inputs tokens, targets, scale; adds to the gradients and to the statistic `loss`. */
    readonly gradients: Plan;
    /**
     * The same for the last micro-step of a step: the input stop, float32, is added to the statistic of that name, and
     * each bucket of gradients and statistics is summed over ranks as soon as it is complete. In a world of one it is
     * `gradients` itself.
     */
    readonly lastGradients: Plan;
    /**
     * Inputs learningRate, updateCount, normLimit, lossLimit; results norm, factor and statistics, in the order of the
     * layout. Resets gradients and statistics to 0. Where the optimizer's state is shared out, a rank updates its part of
     * the parameters and gets the others'.
     */
    readonly update: Plan;
    /** Inputs tokens, targets; result losses. */
    readonly evaluate: Plan;
  };
}

/** Traces and plans the programs for micro-batches. */
export function planTraining(
  modelConfig: Gpt2Config,
  target: Target,
  { batch, length, precision, ranks, shard, overlap }: TrainingExtents,
  settings: UpdateSettings,
): TrainingPrograms {
  const graph = gradientGraph(modelConfig, target, { batch, length, precision });
  const layout = layoutParameters(graph, settings.optimizer.groupOf, shard);
  const gradients = plan(graph, layout, target);
  return {
    layout,
    plans: {
      gradients,
      lastGradients: ranks === 1 ? gradients : lastGradients(),
      update: plan(updateGraph(layout, ranks, settings), layout, target),
      evaluate: planLosses(modelConfig, layout, target, { batch, length, precision }),
    },
  };

  function lastGradients(): Plan {
    const last = gradientGraph(modelConfig, target, { batch, length, precision });
    addStatistic(last.input('stop', [], 'float32'), last.statistic('stop'));
    insertCollectives(last, layout, overlap);
    return plan(last, layout, target);
  }
}

function gradientGraph(
  modelConfig: Gpt2Config,
  target: Target,
  { batch, length, precision }: Pick<TrainingExtents, 'batch' | 'length' | 'precision'>,
): Graph {
  const graph = new Graph({ batch, length }, precision);
  const traced = gpt2Losses(graph, modelConfig);
  for (const pass of target.networkPasses) pass(graph);
  const losses = gradients(traced, graph.input('scale', [], 'float32'));
  sumLosses(losses, graph.statistic('loss'));
  for (const pass of target.gradientPasses) pass(graph);
  return graph;
}

function updateGraph(layout: ParameterLayout, ranks: number, { optimizer, gradientClip }: UpdateSettings): Graph {
  const graph = new Graph({ batch: 1, length: 1 });
  const isSharded = layout.shard.size > 1;
  if (ranks > 1) waitForCollectives(graph);
  const statistics = takeStatistics(graph, layout);
  const squares = squaredNorm(graph.range('gradients', 0, layout.count));
  if (isSharded) {
    // gradients of other ranks' slices are 0 here
    beginCollective('allReduce', squares);
    waitForCollectives(graph);
  }
  const { norm, factor } = clipFactor(
    { squaredNorm: squares, statistics },
    { normLimit: graph.input('normLimit', [], 'float32'), lossLimit: graph.input('lossLimit', [], 'float32') },
    { gradientClip },
  );
  const learningRate = graph.input('learningRate', [], 'float32');
  const updateCount = graph.input('updateCount', [], 'int32');
  shardOf(layout).forEach((stretch, index) => {
    const tensors = [...layout.places.values()].filter(
      ({ offset, count }) => offset >= stretch.offset && offset + count <= stretch.offset + stretch.count,
    );
    optimizer.update(graph, stretch, tensors, { factor, learningRate, updateCount });
    const bucket = layout.buckets[index];
    if (isSharded && bucket) beginCollective('allGather', graph.range('parameters', bucket.offset, bucket.count));
  });
  if (isSharded) waitForCollectives(graph);
  graph.result('norm', norm);
  graph.result('factor', factor);
  graph.result('statistics', statistics);
  return graph;
}
