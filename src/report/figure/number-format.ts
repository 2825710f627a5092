/** @file Measured numbers as pictures, pages and tables write them. */

import { type AxisRange, decimalsOf } from './axis-range.ts';

/** A loss, an accuracy, a norm with so many decimals (at least 2), with an exponent where they would say too little or too much. */
export function formatMeasured(value: number, decimals: number): string {
  return needsExponent(value) ? value.toExponential(decimals - 2).replace('e+', 'e') : value.toFixed(decimals);
}

/** Writes the ticks of an axis, all with as many decimals. */
export function tickFormat({ min, max, interval }: AxisRange): (value: number) => string {
  if (needsExponent(Math.max(Math.abs(min), Math.abs(max)))) return formatExponential;
  const decimals = decimalsOf(interval);
  return (value) => value.toFixed(decimals);
}

/** With an exponent and as many digits as a tick has: `2.5e-4`, `0`. */
export function formatExponential(value: number): string {
  // without the dust of floating point
  return value === 0 ? '0' : Number(value.toPrecision(9)).toExponential().replace('e+', 'e');
}

function needsExponent(value: number): boolean {
  const size = Math.abs(value);
  return size >= 1e4 || (size > 0 && size < 1e-3);
}
