/** @file Which part of the values a chart shows: what is worth telling apart. */

import type { Series } from '../series/curves.ts';

export interface AxisRange {
  readonly min: number;
  readonly max: number;
  /** Between two ticks. */
  readonly interval: number;
}

/** The share of the longest run whose steep fall is cut off. */
export const STEEP_SHARE = 0.05;
/** The share of a noisy curve's points that may lie below the range. */
const RARE_SHARE = 0.005;
const TICKS = 8;
/** Of an interval: what a value may lie beyond a tick. */
const SLACK = 0.02;
const INTERVALS = [1, 2, 2.5, 5, 10];

/**
 * The range of loss curves: the first steps, where the loss falls from ln(vocabulary), may leave it at the top, and rare
 * low ones of the noisy curves at the bottom. A reference is in it when that does not more than double the range.
 */
export function lossRange(
  curves: readonly Series[],
  noisy: readonly Series[],
  references: readonly number[],
): AxisRange {
  const end = Math.max(0, ...[...curves, ...noisy].map(({ steps }) => steps.at(-1) ?? 0));
  const late = ({ steps, values }: Series): number[] =>
    values.filter((value, index) => Number.isFinite(value) && (steps[index] ?? 0) >= STEEP_SHARE * end);
  const lows = noisy.flatMap((series) => quantile(late(series), RARE_SHARE) ?? []);
  return tickedRange(withNear([...curves.flatMap(late), ...lows], references));
}

function quantile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)];
}

/** The range of accuracies: all of them and all references. */
export function accuracyRange(curves: readonly Series[], references: readonly number[]): AxisRange {
  return tickedRange([...curves.flatMap(({ values }) => values.filter(Number.isFinite)), ...references]);
}

/** The smallest range from tick to tick that holds the values. */
export function tickedRange(values: readonly number[]): AxisRange {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(least)) return { min: 0, max: 1, interval: 0.2 };
  const span = Math.max(greatest - least, Math.abs(greatest) * 1e-3, 1e-9);
  const interval = niceInterval(span / TICKS);
  const min = roundTo(Math.floor(least / interval + SLACK) * interval, interval);
  const max = roundTo(Math.ceil(greatest / interval - SLACK) * interval, interval);
  return min < max ? { min, max, interval } : { min: min - interval, max: max + interval, interval };
}

function withNear(values: readonly number[], references: readonly number[]): number[] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return [...values, ...references.filter((value) => isNear(value, least, greatest))];
}

/** Whether a range that reaches to `value` too is at most twice as wide. */
export function isNear(value: number, least: number, greatest: number): boolean {
  const span = greatest - least;
  return value >= least - span && value <= greatest + span;
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `size`. */
export function niceInterval(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  const factor = INTERVALS.find((candidate) => candidate * power >= size * (1 - 1e-9)) ?? 10;
  return roundTo(factor * power, power / 10);
}

/** Without the dust of floating point: 0.30000000000000004 is 0.3. */
function roundTo(value: number, unit: number): number {
  const decimals = Math.max(0, Math.ceil(-Math.log10(unit)) + 1);
  return Number(value.toFixed(Math.min(15, decimals)));
}

/** The decimals that ticks need to differ: 2 for every 0.25. */
export function decimalsOf(interval: number): number {
  return (String(roundTo(interval, interval)).split('.')[1] ?? '').length;
}
