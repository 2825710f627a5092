/** @file From one device to thousands: what each doubling of the ranks gains while the global batch stays the same. */

import { planRun, type RunModel, type RunPlan } from './run-plan.ts';

/** A doubling of the devices that makes a run less than this much faster does not pay. */
export const WORTHWHILE_GAIN = 1.5;

export interface ScalingPoint extends RunPlan {
  /** The rate of each device, relative to that in the smallest plan. */
  readonly efficiency: number;
}

/** Plans for these numbers of ranks; those that cannot share the batch equally are left out. */
export function scaling(model: RunModel, ranks: readonly number[]): ScalingPoint[] {
  const plans = ranks.flatMap((count) => planRun(model, count) ?? []);
  const [first] = plans;
  if (!first) return [];
  const each = first.tokensPerSecond / first.ranks;
  return plans.map((plan) => ({ ...plan, efficiency: plan.tokensPerSecond / (plan.ranks * each) }));
}

/** Numbers of ranks from 1, each twice the one before, up to `max`. */
export function doublings(max: number): number[] {
  return Array.from({ length: Math.floor(Math.log2(max)) + 1 }, (_, power) => 2 ** power);
}

/** The last number of ranks of a table of doublings to which every doubling was worthwhile. */
export function lastWorthwhile(points: readonly Pick<ScalingPoint, 'ranks' | 'tokensPerSecond'>[]): number | undefined {
  let last = points[0];
  for (const point of points.slice(1)) {
    if (!last || point.tokensPerSecond < WORTHWHILE_GAIN * last.tokensPerSecond) break;
    last = point;
  }
  return last?.ranks;
}
