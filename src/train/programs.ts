/** @file The programs of training: forward+backward, the update, and evaluation, over one parameter layout. */

import { Graph } from '../engine/graph.ts';
import { layoutParameters, type ParameterLayout } from '../engine/layout.ts';
import { waitForSums } from '../engine/ops/all-reduce.ts';
import { clipFactor } from '../engine/ops/clip-factor.ts';
import { squaredNorm } from '../engine/ops/squared-norm.ts';
import { addStatistic, takeStatistics } from '../engine/ops/statistics.ts';
import { sumLosses } from '../engine/ops/sum-losses.ts';
import { gradients } from '../engine/passes/autodiff.ts';
import { insertCollectives } from '../engine/passes/collectives.ts';
import { type Plan, plan } from '../engine/plan.ts';
import { shardOf } from '../engine/shard.ts';
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
     * layout. Resets gradients and statistics to 0.
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
  { batch, length, precision, ranks }: TrainingExtents,
  settings: UpdateSettings,
): TrainingPrograms {
  const graph = gradientGraph(modelConfig, target, { batch, length, precision });
  const layout = layoutParameters(graph, settings.optimizer.groupOf);
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
    insertCollectives(last, layout);
    return plan(last, layout, target);
  }
}

function gradientGraph(
  modelConfig: Gpt2Config,
  target: Target,
  { batch, length, precision }: Omit<TrainingExtents, 'ranks'>,
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
  if (ranks > 1) waitForSums(graph);
  const statistics = takeStatistics(graph, layout);
  const { norm, factor } = clipFactor(
    { squaredNorm: squaredNorm(graph.range('gradients', 0, layout.count)), statistics },
    { normLimit: graph.input('normLimit', [], 'float32'), lossLimit: graph.input('lossLimit', [], 'float32') },
    { gradientClip },
  );
  const learningRate = graph.input('learningRate', [], 'float32');
  const updateCount = graph.input('updateCount', [], 'int32');
  for (const stretch of shardOf(layout)) optimizer.update(graph, stretch, { factor, learningRate, updateCount });
  graph.result('norm', norm);
  graph.result('factor', factor);
  graph.result('statistics', statistics);
  return graph;
}
