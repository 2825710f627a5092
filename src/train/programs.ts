/** @file The programs of training: forward+backward, the AdamW update, and evaluation, over one parameter layout. */

import { Graph } from '../engine/graph.ts';
import { layoutParameters, type ParameterLayout } from '../engine/layout.ts';
import { adamw } from '../engine/ops/adamw.ts';
import { gradientNorm } from '../engine/ops/gradient-norm.ts';
import { sumLosses } from '../engine/ops/sum-losses.ts';
import { gradients } from '../engine/passes/autodiff.ts';
import { insertCollectives } from '../engine/passes/collectives.ts';
import { recomputeCheapOutputs } from '../engine/passes/recompute.ts';
import { type Plan, plan } from '../engine/plan.ts';
import type { Precision } from '../engine/tensor.ts';
import { planLosses } from '../eval/programs.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Losses } from '../model/gpt2.ts';

/** AdamW's constants; weight decay applies to tensors of two or more dimensions. */
export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest global gradient norm; 0 turns clipping off. */
  readonly gradientClip: number;
}

export interface TrainingPrograms {
  readonly layout: ParameterLayout;
  readonly plans: {
    /** Inputs tokens, targets, scale, lastMicroStep; adds to the gradients and to the statistic `loss`. */
    readonly gradients: Plan;
    /** Inputs learningRate, updates, normLimit; result norm; zeroes the gradients. */
    readonly update: Plan;
    /** Inputs tokens, targets; result losses. */
    readonly evaluate: Plan;
  };
}

/** Traces and plans the programs for micro-batches of `batch` rows of `length` tokens. */
export function planTraining(
  config: Gpt2Config,
  { batch, length, precision }: { batch: number; length: number; precision: Precision },
  optimizer: OptimizerSettings,
): TrainingPrograms {
  const graph = new Graph({ batch, length }, precision);
  const losses = gradients(gpt2Losses(graph, config), graph.input('scale', [], 'float32'));
  sumLosses(losses, graph.statistic('loss'));
  recomputeCheapOutputs(graph);
  const layout = layoutParameters(graph);
  insertCollectives(graph, layout);

  return {
    layout,
    plans: {
      gradients: plan(graph, layout),
      update: plan(updateGraph(layout, optimizer), layout),
      evaluate: planLosses(config, layout, { batch, length, precision }),
    },
  };
}

function updateGraph(layout: ParameterLayout, optimizer: OptimizerSettings): Graph {
  const graph = new Graph({ batch: 1, length: 1 });
  const norm = gradientNorm(graph.range('gradients', 0, layout.count));
  const learningRate = graph.input('learningRate', [], 'float32');
  const updates = graph.input('updates', [], 'int32');
  const normLimit = graph.input('normLimit', [], 'float32');
  for (const { offset, count, decayed } of layout.buckets) {
    const { gradientClip, beta1, beta2, epsilon, weightDecay } = optimizer;
    adamw(
      { norm, normLimit, learningRate, updates },
      {
        parameters: graph.range('parameters', offset, count),
        gradients: graph.range('gradients', offset, count),
        firstMoments: graph.range('firstMoments', offset, count),
        secondMoments: graph.range('secondMoments', offset, count),
      },
      { beta1, beta2, epsilon, weightDecay: decayed ? weightDecay : 0, gradientClip },
    );
  }
  graph.result('norm', norm);
  return graph;
}
