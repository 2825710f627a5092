/** @file The course of a noisy curve: a running mean that lags behind neither at the ends nor at the steep start. */

import type { Series } from './curves.ts';

/** The widest window, as a share of the run. */
const WIDEST_SHARE = 0.02;
/** Near the start the window reaches back this share of the way: what falls fast is averaged little. */
const START_SHARE = 0.15;

/**
 * The mean of each point's neighbourhood, which is as wide to the left as to the right; NaN is left out, and stays where a
 * neighbourhood has nothing else.
 */
export function smooth({ steps, values }: Series): Series {
  const last = values.length - 1;
  const widest = Math.ceil((WIDEST_SHARE * values.length) / 2);
  // sums and counts of all values before each index
  const sums = new Float64Array(values.length + 1);
  const counts = new Uint32Array(values.length + 1);
  for (const [index, value] of values.entries()) {
    const isNumber = Number.isFinite(value);
    sums[index + 1] = sums[index]! + (isNumber ? value : 0);
    counts[index + 1] = counts[index]! + (isNumber ? 1 : 0);
  }
  const means = values.map((_, index) => {
    const radius = Math.min(widest, Math.floor(START_SHARE * index), Math.max(last - index, Math.ceil(widest / 4)));
    const start = Math.max(0, index - radius);
    const end = Math.min(last, index + radius) + 1;
    return (sums[end]! - sums[start]!) / (counts[end]! - counts[start]!);
  });
  return { steps, values: means };
}
