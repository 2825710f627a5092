/** @file AdamW (Loshchilov & Hutter 2019) with GPT-2's constants: weight decay only on tensors of two or more dimensions. */

import { adamw } from '../../engine/ops/adamw.ts';
import type { Optimizer } from './optimizer.ts';

/** GPT-3's (Brown et al. 2020), which nanoGPT and llm.c use. */
const BETA1 = 0.9;
const BETA2 = 0.95;
const EPSILON = 1e-8;

const DECAYED = 'decayed';

/** AdamW with both moments in float32, named as PyTorch names them. */
export function adamwOptimizer({ weightDecay }: { readonly weightDecay: number }): Optimizer {
  return {
    state: [
      { buffer: 'optimizer:firstMoments', suffix: 'exp_avg' },
      { buffer: 'optimizer:secondMoments', suffix: 'exp_avg_sq' },
    ],
    groupOf: ({ shape }) => (shape.length >= 2 ? DECAYED : 'undecayed'),
    update(graph, { offset, stateOffset, count, group }, scalars) {
      adamw(
        scalars,
        {
          parameters: graph.range('parameters', offset, count),
          gradients: graph.range('gradients', offset, count),
          firstMoments: graph.range('optimizer:firstMoments', stateOffset, count),
          secondMoments: graph.range('optimizer:secondMoments', stateOffset, count),
        },
        { beta1: BETA1, beta2: BETA2, epsilon: EPSILON, weightDecay: group === DECAYED ? weightDecay : 0 },
      );
    },
  };
}
