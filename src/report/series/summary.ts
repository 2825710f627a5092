/** @file Where a run stands: its last figures, beside OpenAI's. */

import { lastMeasured, lastStep, type RunCurves, recentMean } from './curves.ts';
import { smooth } from './smooth.ts';

/** Steps whose mean is a run's speed. */
const RECENT_STEPS = 50;

/** A run's last figures; NaN where it measured nothing. */
export interface RunSummary {
  readonly name: string;
  readonly steps: number;
  readonly tokens: number;
  /** Where the smoothed curve ends. */
  readonly trainingLoss: number;
  readonly validationLoss: number;
  readonly hellaswag: number;
  /** Of how many examples; undefined where nothing says. */
  readonly hellaswagExamples: number | undefined;
  /** Of the last 50 steps. */
  readonly tokensPerSecond: number;
  readonly mfu: number;
  /** Seconds of all steps together, without evaluations. */
  readonly seconds: number;
}

export function summaryOf(run: RunCurves): RunSummary {
  const { name, series, tokensPerStep, hellaswagExamples } = run;
  // steps are counted from 0
  const steps = Math.max((series.loss.steps.at(-1) ?? -1) + 1, lastStep(run));
  const { values } = series.milliseconds;
  return {
    name,
    steps,
    tokens: steps * (tokensPerStep ?? Number.NaN),
    trainingLoss: lastMeasured(smooth(series.loss))?.value ?? Number.NaN,
    validationLoss: lastMeasured(series.validationLoss)?.value ?? Number.NaN,
    hellaswag: lastMeasured(series.hellaswag)?.value ?? Number.NaN,
    hellaswagExamples,
    tokensPerSecond: recentMean(series.tokensPerSecond, RECENT_STEPS),
    mfu: recentMean(series.mfu, RECENT_STEPS),
    seconds: values.length === 0 ? Number.NaN : values.filter(Number.isFinite).reduce((sum, ms) => sum + ms, 0) / 1000,
  };
}
