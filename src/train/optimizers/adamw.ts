/** @file AdamW (Loshchilov & Hutter 2019) with GPT-2's constants: weight decay only on tensors of two or more dimensions. */

import { adamw } from '../../engine/ops/adamw.ts';
import { stateRange } from '../../engine/shard.ts';
import type { Optimizer, OptimizerGroup, StateBuffer } from './optimizer.ts';

/** GPT-3's (Brown et al. 2020), which nanoGPT and llm.c use. */
const BETA1 = 0.9;
const BETA2 = 0.95;
const EPSILON = 1e-8;

const FIRST_MOMENTS: StateBuffer = { buffer: 'optimizer:firstMoments', suffix: 'exp_avg' };
const SECOND_MOMENTS: StateBuffer = { buffer: 'optimizer:secondMoments', suffix: 'exp_avg_sq' };

const DECAYED: OptimizerGroup = { name: 'decayed', state: [FIRST_MOMENTS, SECOND_MOMENTS] };
const UNDECAYED: OptimizerGroup = { ...DECAYED, name: 'undecayed' };

/** AdamW with both moments in float32, named as PyTorch names them. */
export function adamwOptimizer({ weightDecay }: { readonly weightDecay: number }): Optimizer {
  return {
    groupOf: ({ shape }) => (shape.length >= 2 ? DECAYED : UNDECAYED),
    update(graph, stretch, _tensors, scalars) {
      const { offset, count, group } = stretch;
      const all = { start: 0, count };
      adamw(
        scalars,
        {
          parameters: graph.range('parameters', offset, count),
          gradients: graph.range('gradients', offset, count),
          firstMoments: stateRange(graph, stretch, FIRST_MOMENTS.buffer, all),
          secondMoments: stateRange(graph, stretch, SECOND_MOMENTS.buffer, all),
        },
        {
          beta1: BETA1,
          beta2: BETA2,
          epsilon: EPSILON,
          weightDecay: group.name === DECAYED.name ? weightDecay : 0,
        },
      );
    },
  };
}
