/** @file The labels at the marks of an axis, with as many decimals as it takes to tell one from the next. */

import { decimalsOf } from '../../../../report/figure/axis-range.ts';
import { formatExponential } from '../../../../report/figure/number-format.ts';

/** The text of a mark, at this distance from the next. */
export type TickLabel = (value: number, distance: number) => string;

/** From this distance on thousands and millions are written as such. */
const COMPACT_FROM = 1000;
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 3 });
/** Below this distance decimals take too much room. */
const DECIMAL_FROM = 1e-4;

/** `11.75`, `16,020`, `12K`, `1.15M`, `2e-7`. */
export function numberTick(value: number, distance: number): string {
  if (distance >= COMPACT_FROM) return COMPACT.format(value);
  if (distance < DECIMAL_FROM) return formatExponential(value);
  const decimals = decimalsOf(distance);
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A share: `28.5%`. */
export function percentTick(value: number, distance: number): string {
  return `${numberTick(100 * value, 100 * distance)}%`;
}
