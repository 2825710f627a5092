/**
 * @file Muon (Jordan 2024): the weights of the blocks move along their momentum made orthogonal; all else is AdamW's.
 *
 * The momentum is made orthogonal by five steps of Polar Express (Amsel et al. 2025). A step is scaled to the root mean
 * square of AdamW's steps (Liu et al. 2025, "Muon is scalable for LLM training"), so that both share a learning rate.
 * Weight decay is cautious (Chen et al. 2025).
 */

import { cautiousUpdate } from '../../engine/ops/cautious-update.ts';
import { frobeniusNormalise } from '../../engine/ops/frobenius-normalise.ts';
import { nesterovMomentum } from '../../engine/ops/nesterov-momentum.ts';
import { newtonSchulzStep, type QuinticCoefficients } from '../../engine/ops/newton-schulz-step.ts';
import { stateRange } from '../../engine/shard.ts';
import { adamwOptimizer } from './adamw.ts';
import type { Optimizer, OptimizerGroup, StateBuffer } from './optimizer.ts';

const BETA = 0.95;
/** The root mean square of AdamW's steps, over the learning rate, as they measured it. */
const STEP_SIZE = 0.2;
/** The coefficients below hold for singular values up to 1/1.02. */
const SAFETY = 1.02;

/** Polar Express for five steps and singular values from 10⁻³, with the same margin. */
const STEPS: readonly QuinticCoefficients[] = [
  { a: 8.156554524902461, b: -22.48329292557795, c: 15.878769915207462 },
  { a: 4.042929935166739, b: -2.808917465908714, c: 0.5000178451051316 },
  { a: 3.8916678022926607, b: -2.772484153217685, c: 0.5060648178503393 },
  { a: 3.285753657755655, b: -2.3681294933425376, c: 0.46449024233003106 },
  { a: 2.3465413258596377, b: -1.7097828382687081, c: 0.42323551169305323 },
];

const MOMENTUM: StateBuffer = { buffer: 'optimizer:momentum', suffix: 'momentum_buffer' };

const ORTHOGONAL: OptimizerGroup = { name: 'orthogonal', state: [MOMENTUM], isWhole: true };

const BLOCK = /\.h\.\d+\./;
/** Whose columns are the weights of query, key and value side by side. */
const QUERY_KEY_VALUE = /\.c_attn\.weight$/;

/** Muon on the matrices of the blocks, each with a momentum; AdamW elsewhere. */
export function muonOptimizer({ weightDecay }: { readonly weightDecay: number }): Optimizer {
  const adamw = adamwOptimizer({ weightDecay });
  return {
    groupOf: (parameter) =>
      parameter.shape.length === 2 && BLOCK.test(parameter.name) ? ORTHOGONAL : adamw.groupOf(parameter),
    update(graph, stretch, tensors, scalars) {
      if (stretch.group.name !== ORTHOGONAL.name) {
        adamw.update(graph, stretch, tensors, scalars);
        return;
      }
      for (const { name, shape, offset, count } of tensors) {
        const [rows = 1, width = 1] = shape;
        const parts = QUERY_KEY_VALUE.test(name) ? 3 : 1;
        const matrices = { parts, rows, columns: width / parts };
        const gradients = graph.range('gradients', offset, count);
        const momentum = stateRange(graph, stretch, MOMENTUM.buffer, { start: offset - stretch.offset, count });
        const direction = nesterovMomentum(scalars.factor, { gradients, momentum }, matrices, BETA);
        const orthogonal = STEPS.reduce(newtonSchulzStep, frobeniusNormalise(direction, SAFETY));
        const scale = STEP_SIZE * Math.sqrt(Math.max(rows, matrices.columns));
        cautiousUpdate(scalars, graph.range('parameters', offset, count), orthogonal, { scale, weightDecay });
      }
    },
  };
}
