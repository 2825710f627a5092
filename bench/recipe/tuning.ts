/** @file The learning rate of each recipe, found by the same search: factors of two from one start until the best has a worse one on either side. */

import type { Ended, RunOfRecipe } from './runs.ts';

const RATIO = 2;

/** The best of a recipe's learning rates over runs that differ in it alone; the search begins at the run's own. */
export async function tune(run: RunOfRecipe, train: (run: RunOfRecipe) => Promise<Ended>): Promise<Ended> {
  const at = (exponent: number) => train({ ...run, learningRate: run.learningRate * RATIO ** exponent });
  let [best, bestExponent] = [await at(0), 0];
  for (const direction of [1, -1])
    while (true) {
      const next = await at(bestExponent + direction);
      if (next.validationLoss >= best.validationLoss) break;
      best = next;
      bestExponent += direction;
    }
  return best;
}
