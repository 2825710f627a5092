/** @file Durations on an axis: where its marks are, and how they are written. */

import { decimalsOf } from './axis-range.ts';

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/** 1, 2 and 5 times powers of ten. */
export function decimalIntervals(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)).flatMap((power) =>
    [1, 2, 5].map((digit) => digit * power),
  );
}

/** Distances between marks in seconds, ascending: fractions, then what clocks and calendars show. */
export const DURATION_INTERVALS: readonly number[] = [
  ...decimalIntervals(-3, -1),
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...decimalIntervals(0, 4).map((days) => days * DAY),
];

/** Marks of a logarithmic axis. */
export const DURATION_DECADES: readonly number[] = [
  ...[0.001, 0.01, 0.1, 1, 10],
  ...[MINUTE, 10 * MINUTE, HOUR, 10 * HOUR, DAY, 10 * DAY, 100 * DAY],
];

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', 1],
];

/**
 * Seconds by the units that they have: `1 h 30 m`, `2 d`, `45 s`, `0.5 s`, `0`.
 * @param distance to the next mark, which has as many decimals
 */
export function formatDurationTick(seconds: number, distance: number): string {
  if (distance < 1) return `${seconds.toFixed(decimalsOf(distance))} s`;
  let rest = Math.round(seconds);
  const parts = UNITS.flatMap(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return parts.join(' ') || '0';
}
