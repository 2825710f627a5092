/** @file Smoothed curves. */

/** The largest share of its steps that a curve is smoothed over: a short curve would lag far behind its values. */
const MAX_SHARE = 1 / 20;

/**
 * The exponential moving average of a column, without the bias towards its start: the weight of a value falls by `weight`
 * from step to step. A value after several steps is the mean of them and weighs as much. Missing values stay missing and
 * change nothing.
 * @param weight from 0, which gives the column itself, to below 1; short runs are smoothed with less
 */
export function smooth(
  steps: readonly number[],
  values: readonly (number | null)[],
  weight: number,
): readonly (number | null)[] {
  const [first = 0, last = 0] = [steps[0], steps.at(-1)];
  const applied = Math.min(weight, 1 - 1 / ((last - first + 1) * MAX_SHARE));
  if (applied <= 0) return values;
  let sum = 0;
  let total = 0;
  return values.map((value, index) => {
    if (value === null) return null;
    const decay = applied ** ((steps[index] ?? 0) - (steps[index - 1] ?? (steps[index] ?? 0) - 1));
    sum = sum * decay + value * (1 - decay);
    total = total * decay + (1 - decay);
    return sum / total;
  });
}
