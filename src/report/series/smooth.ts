/** @file Smooths a noisy curve: a running mean that does not lag where the curve falls steeply. */

import type { Series } from './curves.ts';

/** How far a window reaches to either side, as a share of the run; a short run's reaches more steps, or a larger share. */
const REACH_SHARE = 0.01;
const REACH_STEPS = 50;
const MAX_REACH_SHARE = 0.04;
/** Near the start the window reaches back this share of the way: what falls fast is averaged little. */
const START_SHARE = 0.15;

/**
 * The mean of each point's neighbourhood, which is as wide to the left as to the right but at the run's end; NaN is left out,
 * and stays where a neighbourhood has nothing else.
 */
export function smooth({ steps, values }: Series): Series {
  const last = values.length - 1;
  const reach = Math.ceil(
    Math.max(REACH_SHARE * values.length, Math.min(REACH_STEPS, MAX_REACH_SHARE * values.length)),
  );
  // sums and counts of all values before each index
  const sums = new Float64Array(values.length + 1);
  const counts = new Uint32Array(values.length + 1);
  for (const [index, value] of values.entries()) {
    const isNumber = Number.isFinite(value);
    sums[index + 1] = sums[index]! + (isNumber ? value : 0);
    counts[index + 1] = counts[index]! + (isNumber ? 1 : 0);
  }
  const means = values.map((_, index) => {
    const radius = Math.min(reach, Math.floor(START_SHARE * index));
    const start = Math.max(0, index - radius);
    const end = Math.min(last, index + radius) + 1;
    return (sums[end]! - sums[start]!) / (counts[end]! - counts[start]!);
  });
  return { steps, values: means };
}
