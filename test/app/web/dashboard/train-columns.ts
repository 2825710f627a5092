/** @file Columns of training steps for tests of the page. */

import type { TrainColumns } from '../../../../src/app/dashboard-stream.ts';

/** Those that are given; the others have nothing measured at as many steps. */
export function trainColumns(given: Partial<TrainColumns> & Pick<TrainColumns, 'step'>): TrainColumns {
  const nothing = () => given.step.map(() => null);
  return {
    ...{ loss: nothing(), lr: nothing(), norm: nothing(), ms: nothing(), tokensPerSecond: nothing(), mfu: nothing() },
    ...{ lowestLoss: nothing(), highestLoss: nothing(), lowestNorm: nothing(), highestNorm: nothing() },
    ...given,
  };
}
