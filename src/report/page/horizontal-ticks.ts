/** @file Where the horizontal axis is labelled, and how: round numbers in the visible range, with enough decimals to differ. */

import { formatCount } from '../../support/format.ts';
import { niceInterval } from '../figure/axis-range.ts';
import { DURATION_DECADES, DURATION_INTERVALS, formatDurationTick } from '../figure/durations.ts';
import { formatTokens } from '../figure/horizontal.ts';
import type { View } from './view.ts';

export interface HorizontalTicks {
  readonly values: readonly number[];
  readonly format: (value: number) => string;
}

const TICKS = 5;
/** Powers of ten alone are enough from so many on. */
const MANY_DECADES = 3;

/** The ticks from one end of what is shown to the other. */
export function horizontalTicks(
  [from, to]: readonly [from: number, to: number],
  { unit, scale }: Pick<View, 'unit' | 'scale'>,
): HorizontalTicks {
  const isLogarithmic = scale === 'log' && to >= 10 * from;
  if (unit === 'time') return timeTicks(from, to, isLogarithmic);
  const interval = Math.ceil(niceInterval((to - from) / TICKS));
  const values = isLogarithmic ? logarithmicTicks(from, to) : linearTicks(from, to, interval);
  const [first = 0, second = 2 * first] = values;
  return { values, format: unit === 'tokens' ? (value) => formatTokens(value, second - first) : formatCount };
}

function timeTicks(from: number, to: number, isLogarithmic: boolean): HorizontalTicks {
  const interval = DURATION_INTERVALS.find((candidate) => candidate >= (to - from) / (TICKS + 1)) ?? to - from;
  return isLogarithmic
    ? {
        values: DURATION_DECADES.filter((value) => value >= from && value <= to),
        format: (value) => formatDurationTick(value, value),
      }
    : { values: linearTicks(from, to, interval), format: (value) => formatDurationTick(value, interval) };
}

/** Multiples of an interval, which is a whole number for steps: there is no half step. */
function linearTicks(from: number, to: number, interval: number): number[] {
  const first = Math.ceil(from / interval);
  return Array.from({ length: Math.floor(to / interval) - first + 1 }, (_, index) => (first + index) * interval);
}

function logarithmicTicks(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const decades = Math.ceil(Math.log10(to)) - first;
  const factors = decades > MANY_DECADES ? [1] : [1, 2, 5];
  return Array.from({ length: decades + 1 }, (_, index) => 10 ** (first + index))
    .flatMap((power) => factors.map((factor) => factor * power))
    .filter((value) => value >= from && value <= to);
}
