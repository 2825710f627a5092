/** @file The parts of a training step on a GPU, from the plan: products, attention, and what passes over memory. */

import { stepCosts } from '#minillm/backends/cuda/cost.js';
import type { Plan, PlannedNode } from '#minillm/engine/plan.js';

export type Kind = 'product' | 'attention' | 'attention backward' | 'memory';

/** A line of the table: its name for a person, and what its steps amount to. */
export interface Part {
  readonly name: string;
  readonly kind: Kind;
  flops: number;
  traffic: number;
  /** Kernels and products. */
  steps: number;
}

const NAMES: Readonly<Record<string, string>> = {
  embedding: 'embedding',
  embedding_backward: 'embedding, backward',
  layer_norm: 'LayerNorm with the residual add',
  layer_norm_backward: 'LayerNorm, backward',
  linear: 'linear layers',
  linear_backward_bias: 'GELU, backward; biases; rounding of gradients',
  linear_backward_input: 'linear layers, dX',
  linear_backward_weight: 'linear layers, dW',
  attention: 'attention',
  attention_backward: 'attention, backward',
  cross_entropy_with_gradient: 'output head',
  adamw: 'AdamW',
  squared_norm: 'gradient norm',
};

function kindOf(operation: string, isProduct: boolean): Kind {
  if (isProduct) return 'product';
  if (operation === 'attention') return 'attention';
  return operation === 'attention_backward' ? 'attention backward' : 'memory';
}

/** What the steps of an operation that are not products do beside them. */
const BESIDE: Readonly<Record<string, string>> = {
  linear: 'GELU; weights to bf16',
  linear_backward_input: 'weights to bf16, again',
  cross_entropy_with_gradient: 'softmax and its gradient',
};

/** The name of the part that a node's products, or its other steps, belong to. */
export function partName(operation: string, isProduct: boolean): string {
  return (isProduct ? undefined : BESIDE[operation]) ?? NAMES[operation] ?? 'the rest';
}

/** The parts of some programs, in the order in which they first occur. */
export function partsOf(plans: readonly Plan[]): Part[] {
  const parts = new Map<string, Part>();
  const add = (planned: PlannedNode, plan: Plan): void => {
    const operation = planned.node.op.name;
    for (const { kind, flops, traffic } of stepCosts(planned, plan)) {
      const name = partName(operation, kind === 'product');
      const part = parts.get(name) ?? {
        name,
        kind: kindOf(operation, kind === 'product'),
        flops: 0,
        traffic: 0,
        steps: 0,
      };
      part.flops += flops;
      part.traffic += traffic;
      part.steps += 1;
      parts.set(name, part);
    }
  };
  for (const plan of plans) for (const planned of plan.nodes) add(planned, plan);
  return [...parts.values()];
}
