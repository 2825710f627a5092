/** @file What a node costs on a GPU, step by step: the FLOPs of its products, and the bytes that must move through memory. */

import type { PlannedNode } from '../../engine/plan.ts';
import { BYTES_PER_ELEMENT } from '../../engine/tensor.ts';
import type { Extents, Product, Step } from './operation.ts';
import { OPERATIONS } from './operations/index.ts';

export interface StepCost {
  /** The kernel's function; of a product, the operation with its extents. */
  readonly name: string;
  readonly kind: Step['kind'];
  /** A multiply-add counted as two. */
  readonly flops: number;
  /** Bytes, each read and written once. */
  readonly traffic: number;
}

/** The costs of a node's steps for the active extents. The arithmetic of a node without products is that of its first launch. */
export function stepCosts({ node, flops, traffic }: PlannedNode, active: Extents): StepCost[] {
  const steps = OPERATIONS[node.op.name]?.steps(node, active) ?? [];
  const hasProducts = steps.some(({ kind }) => kind === 'product');
  return steps.map((step, index): StepCost => {
    if (step.kind === 'product') return productCost(node.op.name, step);
    if (step.kind === 'clear') return { name: 'clear', kind: step.kind, flops: 0, traffic: step.bytes };
    const own = hasProducts || index > 0 ? 0 : flops;
    return { name: step.function, kind: step.kind, flops: own, traffic: step.traffic ?? traffic };
  });
}

function productCost(operation: string, { m, n, k, a, b, d, accumulate }: Product): StepCost {
  const bytes = (count: number, { dtype }: Product['a']): number => count * BYTES_PER_ELEMENT[dtype];
  return {
    name: `${operation} ${m}×${n}×${k}`,
    kind: 'product',
    flops: 2 * m * n * k,
    traffic: bytes(m * k, a) + bytes(k * n, b) + (accumulate ? 2 : 1) * bytes(m * n, d),
  };
}
