/** @file Products of decimal fractions, as one would write them. */

/** Digits that every double keeps. */
const DIGITS = 15;

/** A computed number without its last bits' error: 3 × 0.006 is 0.018, not 0.018000000000000002. */
export const decimal = (value: number): number => Number(value.toPrecision(DIGITS));
