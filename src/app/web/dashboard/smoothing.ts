/** @file Smoothed curves. */

/** A curve is smoothed over this share of its values at most: one of few values would lag far behind them. */
const LARGEST_SHARE = 1 / 20;

/**
 * The exponential moving average of a column, without the bias towards its start: the weight of a value falls by `weight`
 * from step to step. Missing values stay missing and change nothing.
 * @param weight from 0, the column itself, to below 1; less of it is applied to short columns.
 */
export function smooth(values: readonly (number | null)[], weight: number): readonly (number | null)[] {
  const applied = Math.min(weight, 1 - 1 / (values.length * LARGEST_SHARE));
  if (applied <= 0) return values;
  let sum = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * applied + value;
    total = total * applied + 1;
    return sum / total;
  });
}
