/** @file The memory of one rank, by part, from the engine's own plans. */

import type { ParameterLayout } from '../engine/layout.ts';
import type { Plan } from '../engine/plan.ts';
import { sessionBytes } from '../engine/runtime/session.ts';

/** Bytes on the device. */
export interface MemoryParts {
  readonly parameters: number;
  readonly gradients: number;
  readonly optimizer: number;
  /** What the largest program keeps at once. */
  readonly activations: number;
  /** Batches, and the caches of sampling. */
  readonly other: number;
}

/** Bytes by part of a rank with this layout. */
export function memoryParts(layout: ParameterLayout, plans: readonly Plan[]): MemoryParts {
  const parts = { parameters: 0, gradients: 0, optimizer: 0, activations: 0, other: 0 };
  for (const [region, bytes] of sessionBytes(layout, plans)) {
    if (region === 'parameters' || region === 'gradients') parts[region] += bytes;
    else if (region.startsWith('optimizer:')) parts.optimizer += bytes;
    else if (region === 'arena') parts.activations += bytes;
    else parts.other += bytes;
  }
  return parts;
}

export function bytesOf(parts: MemoryParts): number {
  return Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
}

/** What Node.js and the libraries of a training process take on the host, measured on this process. */
export function nodeBytes(): number {
  return process.memoryUsage.rss();
}
