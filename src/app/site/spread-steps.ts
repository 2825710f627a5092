/** @file Which checkpoints of a run stand for all of it: most happens in the first steps. */

/**
 * So many of the steps, spread evenly over the logarithm of the step as far as there are any.
 * @param steps in order @param kept one that is always among them
 */
export function spreadSteps(steps: readonly number[], count: number, kept: number): number[] {
  const chosen = [kept];
  while (chosen.length < Math.min(count, steps.length)) {
    let farthest = kept;
    for (const step of steps) if (distance(step, chosen) > distance(farthest, chosen)) farthest = step;
    chosen.push(farthest);
  }
  return chosen.sort((a, b) => a - b);
}

/** To the nearest of those that are chosen. */
function distance(step: number, chosen: readonly number[]): number {
  return Math.min(...chosen.map((other) => Math.abs(Math.log1p(step) - Math.log1p(other))));
}
