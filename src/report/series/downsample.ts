/** @file Fewer points that look the same: of each stretch of steps the first, least, greatest and last stay. */

import type { Series } from './curves.ts';

/**
 * At most about `points` points of a series, no extreme lost; one that is short enough comes back as it is. A stretch without any
 * number stays as one gap.
 */
export function downsample(series: Series, points: number): Series {
  const { steps, values } = series;
  if (steps.length <= points) return series;
  const buckets = Math.max(1, Math.floor(points / 4));
  const kept: number[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * steps.length) / buckets);
    const end = Math.floor(((bucket + 1) * steps.length) / buckets);
    kept.push(...telling(values, start, end));
  }
  return { steps: kept.map((index) => steps[index] ?? 0), values: kept.map((index) => values[index] ?? Number.NaN) };
}

/** The indices from `start` to `end` whose absence would be seen, ascending. */
function telling(values: readonly number[], start: number, end: number): number[] {
  let least = -1;
  let greatest = -1;
  let gap = -1;
  for (let index = start; index < end; index++) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) gap = index;
    else {
      if (least < 0 || value < (values[least] ?? 0)) least = index;
      if (greatest < 0 || value > (values[greatest] ?? 0)) greatest = index;
    }
  }
  const indices = new Set([start, least, greatest, gap, end - 1].filter((index) => index >= 0));
  return [...indices].sort((a, b) => a - b);
}
