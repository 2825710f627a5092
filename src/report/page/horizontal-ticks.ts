/** @file Where the horizontal axis is labelled, and how: round numbers in the visible range, with enough decimals to differ. */

import { formatCount } from '../../support/format.ts';
import { niceInterval } from '../figure/axis-range.ts';
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
  const values = scale === 'log' && to >= 10 * from ? logarithmicTicks(from, to) : linearTicks(from, to);
  const [first = 0, second = 2 * first] = values;
  return { values, format: unit === 'tokens' ? (value) => formatTokens(value, second - first) : formatCount };
}

/** Whole multiples of an interval: there is no half step. */
function linearTicks(from: number, to: number): number[] {
  const interval = Math.ceil(niceInterval((to - from) / TICKS));
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
