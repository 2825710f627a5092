/** @file Smoothed curves. */

/**
 * The exponential moving average of a column, without the bias towards its start: the weight of a value falls by `weight`
 * from step to step. Missing values stay missing and change nothing.
 * @param weight from 0, the column itself, to below 1.
 */
export function smooth(values: readonly (number | null)[], weight: number): readonly (number | null)[] {
  if (weight === 0) return values;
  let sum = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + value;
    total = total * weight + 1;
    return sum / total;
  });
}
