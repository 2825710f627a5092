/** @file What a training step does, as lists of work: every node of the planned programs with its cost. */

import type { Plan, PlannedNode } from '../engine/plan.ts';
import { BYTES_PER_ELEMENT, elements, extent } from '../engine/tensor.ts';

/** What a node's time depends on: arithmetic at the rate of products or of attention, or memory alone. */
export type WorkKind = 'products' | 'head' | 'attention' | 'memory' | 'communication';

export interface Work {
  readonly operation: string;
  readonly kind: WorkKind;
  readonly flops: number;
  /** Bytes read and written. */
  readonly traffic: number;
  /** Whether its products are float32 in a bf16 run, too. */
  readonly isFloat32?: boolean;
  /** Elements summed over ranks. */
  readonly summed: number;
}

/** The programs of a step. */
export interface Workload {
  readonly gradients: readonly Work[];
  /** The last micro-step, with its sums over ranks. */
  readonly lastGradients: readonly Work[];
  /** Of one rank: with ZeRO-1, of its shard. */
  readonly update: readonly Work[];
}

const KINDS: Readonly<Record<string, WorkKind>> = {
  linear: 'products',
  linear_backward_input: 'products',
  linear_backward_weight: 'products',
  newton_schulz_step: 'products',
  cross_entropy_with_gradient: 'head',
  attention: 'attention',
  attention_backward: 'attention',
  begin_collective: 'communication',
  wait_for_collectives: 'communication',
};

/**
 * How often the logits of the head pass through memory: written, read and replaced by their gradients in the softmax, read by
 * two products.
 */
const LOGIT_PASSES = 5;

/** The work of a plan's nodes, in their order. */
export function workOf({ nodes }: Plan): Work[] {
  return nodes.map((planned) => {
    const { node, flops, traffic } = planned;
    const kind = KINDS[node.op.name] ?? 'memory';
    const summed = kind === 'communication' ? node.updates.reduce((sum, t) => sum + (t ? elements(t.shape) : 0), 0) : 0;
    return {
      operation: node.op.name,
      kind,
      isFloat32: node.op.name === 'newton_schulz_step',
      flops,
      traffic: kind === 'communication' ? 0 : traffic + (kind === 'head' ? logitTraffic(planned) : 0),
      summed,
    };
  });
}

function logitTraffic({ node: { inputs } }: PlannedNode): number {
  const [x, tokenTable, targets] = inputs;
  if (!x || !tokenTable || !targets) return 0;
  return LOGIT_PASSES * elements(targets.shape) * extent(tokenTable, 0) * BYTES_PER_ELEMENT[x.dtype];
}
