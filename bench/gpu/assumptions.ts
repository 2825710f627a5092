/** @file How fast GPUs are assumed to get through the parts of a step, where none has been measured. */

import type { Kind, Part } from './parts.ts';

const TERA = 1e12;

export interface Assumptions {
  readonly name: string;
  /** Dense bf16 FLOP/s as the maker states them. */
  readonly peak: number;
  /** The share of it that large products of cuBLASLt reach. */
  readonly products: number;
  /** FLOP/s of attention, of which half is counted: the causal one. */
  readonly attention: { readonly forward: number; readonly backward: number };
  /** Bytes/s of a large copy, read and written. */
  readonly bandwidth: number;
  /** llm.c's tokens a second for each of eight of them. */
  readonly llmC: number;
}

/** Kernels reach this share of a large copy, and follow each other in a graph within so many seconds. */
const MEMORY_SHARE = 0.9;
const LAUNCH = 1.5e-6;

export const GPUS: readonly Assumptions[] = [
  {
    name: 'A100 SXM 80 GB',
    peak: 312 * TERA,
    products: 0.725,
    attention: { forward: 110 * TERA, backward: 85 * TERA },
    bandwidth: 1.84 * TERA,
    llmC: 231_000,
  },
  {
    name: 'H100 SXM 80 GB',
    peak: 989.4 * TERA,
    products: 0.675,
    attention: { forward: 200 * TERA, backward: 170 * TERA },
    bandwidth: 3.0 * TERA,
    llmC: 468_000,
  },
];

/** Seconds of a part: the longer of its arithmetic and its traffic, and its launches. */
export function secondsOf({ kind, flops, traffic, steps }: Part, gpu: Assumptions): number {
  const rates: Record<Kind, number> = {
    product: gpu.peak * gpu.products,
    attention: gpu.attention.forward,
    'attention backward': gpu.attention.backward,
    memory: Number.POSITIVE_INFINITY,
  };
  return Math.max(flops / rates[kind], traffic / (gpu.bandwidth * MEMORY_SHARE)) + steps * LAUNCH;
}
