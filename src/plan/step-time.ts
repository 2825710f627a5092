/** @file The time of a training step, by part. */

import { scatterSeconds } from './communication.ts';
import type { Hardware } from './hardware.ts';
import type { Work, WorkKind, Workload } from './workload.ts';

/** Seconds of one node on one device. */
export type NodeSeconds = (work: Work) => number;

/** How the ranks share a step. */
export interface Ranks {
  readonly ranks: number;
  /** With 1, each rank updates only its share of the parameters, and keeps the optimizer's state of that share alone. */
  readonly zero: 0 | 1;
}

export interface StepTime {
  /** Seconds of a step by part; of communication, those that nothing hides. */
  readonly parts: Readonly<Record<Exclude<WorkKind, 'communication'> | 'optimizer' | 'communication', number>>;
  /** Seconds of communication that the backward pass hides. */
  readonly hidden: number;
  readonly seconds: number;
}

export interface StepShape extends Ranks {
  readonly microSteps: number;
  /** Bytes of a gradient on the wire. */
  readonly gradientBytes: number;
}

/**
 * A bucket's sum starts when the backward pass of the last micro-step has finished the bucket and the sum before it is
 * done; what is left after that pass is not hidden. With ZeRO-1 the pass only reduces and scatters, and the new parameters
 * are gathered after the update.
 */
export function stepTime(
  workload: Workload,
  secondsOf: NodeSeconds,
  hardware: Hardware,
  { ranks, zero, microSteps, gradientBytes }: StepShape,
): StepTime {
  const parts = { products: 0, head: 0, attention: 0, memory: 0, optimizer: 0, communication: 0 };
  let computed = 0;
  let linkFree = 0;
  let communicated = 0;
  for (const work of workload.lastGradients) {
    if (work.kind === 'communication') {
      const once = scatterSeconds(work.summed * gradientBytes, ranks, hardware);
      const seconds = zero === 1 ? once : 2 * once;
      linkFree = Math.max(linkFree, computed) + seconds;
      communicated += seconds;
    } else computed += secondsOf(work);
  }
  for (const work of workload.gradients)
    if (work.kind !== 'communication') parts[work.kind] += microSteps * secondsOf(work);
  for (const work of workload.update) if (work.kind !== 'communication') parts.optimizer += secondsOf(work);
  const exposed = Math.max(0, linkFree - computed);
  const summed = workload.lastGradients.reduce((sum, work) => sum + work.summed, 0);
  const gather = zero === 1 ? scatterSeconds(summed * gradientBytes, ranks, hardware) : 0;
  parts.communication = exposed + gather;
  return {
    parts,
    hidden: communicated - exposed,
    seconds: Object.values(parts).reduce((sum, seconds) => sum + seconds, 0),
  };
}
