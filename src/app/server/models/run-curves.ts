/** @file The losses of a run, from its folder. */

import { streamMetrics } from '../../../runs/metrics.ts';
import { UserError } from '../../../support/errors.ts';
import { ThinnedRows } from '../dashboard/thinned-rows.ts';
import type { CurvePoint, RunCurves } from './served-model.ts';

const MAX_CURVE_POINTS = 500;

/** What a run has measured; nothing where there is no run, and what came before the damage of a damaged file. */
export async function readCurves(runFolder: string | undefined): Promise<RunCurves> {
  const merge = (earlier: CurvePoint, later: CurvePoint): CurvePoint => ({
    step: later.step,
    loss: (earlier.loss + later.loss) / 2,
  });
  const losses = new ThinnedRows<CurvePoint>(MAX_CURVE_POINTS, merge);
  const validationLosses = new Map<number, number>();
  try {
    if (runFolder !== undefined)
      for await (const line of streamMetrics(runFolder)) {
        if (line.kind === 'train' && Number.isFinite(line.loss)) losses.add({ step: line.step, loss: line.loss });
        if (line.kind === 'eval' && Number.isFinite(line.validationLoss ?? Number.NaN))
          validationLosses.set(line.step, line.validationLoss ?? 0);
      }
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
  }
  return { curve: losses.rows, validationLosses };
}
