/** @file When each step was trained: the time that steps take, one after the other. */

/** Ascending numbers and as many values, between which lines are drawn. */
export interface Polyline {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

/**
 * The seconds that a run has trained before a step: the durations of the steps before it, without evaluations, checkpoints
 * and the pauses between processes. Where a point stands for several steps, it takes as long as all of them.
 * @param milliseconds of each step; nothing or NaN where that is not known, which counts as none
 */
export function stepTimes(steps: readonly number[], milliseconds: readonly (number | null)[]): Polyline {
  const [first = 0, second = first + 1] = steps;
  const xs = [Math.max(0, first + 1 - (second - first))];
  const ys = [0];
  let seconds = 0;
  steps.forEach((last, index) => {
    const next = last + 1;
    const took = milliseconds[index] ?? 0;
    seconds += ((next - (xs[index] ?? 0)) * (Number.isFinite(took) ? took : 0)) / 1000;
    xs.push(next);
    ys.push(seconds);
  });
  return { xs, ys };
}

/** The value at `x`; before and after the line that of its end. */
export function interpolate({ xs, ys }: Polyline, x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? 0) < x) low = middle + 1;
    else high = middle;
  }
  const [from = 0, to = 0] = [xs[low - 1] ?? xs[low], xs[low]];
  const [below = 0, above = 0] = [ys[low - 1] ?? ys[low], ys[low]];
  return from < to && x < to ? below + ((x - from) / (to - from)) * (above - below) : above;
}

/** The same line with its axes exchanged. */
export function inverse({ xs, ys }: Polyline): Polyline {
  return { xs: ys, ys: xs };
}
