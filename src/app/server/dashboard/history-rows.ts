/** @file The rows of a run's history, and the row that stands for two of them. */

import type { EvalMetrics, SampleMetrics, TrainMetrics } from '../../../runs/metrics.ts';
import type { EvaluationColumns, TrainColumns } from '../../dashboard-stream.ts';
import { MAX_SAMPLE_LENGTH } from './limits.ts';
import { shortened } from './run-information.ts';

/** A value for each column; NaN for what was not measured. */
type Row<Columns> = { readonly [Name in keyof Columns]: number };

export interface TrainRow extends Row<TrainColumns> {
  /** How many steps it stands for. */
  readonly steps: number;
}

export type EvaluationRow = Row<EvaluationColumns>;

export interface SampleRow {
  readonly step: number;
  readonly text: string;
}

export function trainRow({ step, loss, lr, norm, ms, tokensPerSecond, mfu }: TrainMetrics): TrainRow {
  return {
    step,
    steps: 1,
    loss,
    lr,
    norm,
    ms,
    tokensPerSecond,
    mfu,
    lowestLoss: loss,
    highestLoss: loss,
    lowestNorm: norm,
    highestNorm: norm,
  };
}

export function evaluationRow({ step, validationLoss, hellaswag }: EvalMetrics): EvaluationRow {
  return {
    step,
    validationLoss: validationLoss ?? Number.NaN,
    hellaswag: hellaswag?.accuracyNorm ?? Number.NaN,
    hellaswagExamples: hellaswag?.total ?? Number.NaN,
  };
}

export function sampleRow({ step, text }: SampleMetrics): SampleRow {
  return { step, text: shortened(text, MAX_SAMPLE_LENGTH) };
}

/** Means and extremes over the steps of both. */
export function mergeTrainRows(a: TrainRow, b: TrainRow): TrainRow {
  const steps = a.steps + b.steps;
  const mean = (name: keyof TrainRow): number =>
    either(a[name], b[name], (x, y) => (x * a.steps + y * b.steps) / steps);
  return {
    step: b.step,
    steps,
    loss: mean('loss'),
    lr: mean('lr'),
    norm: mean('norm'),
    ms: mean('ms'),
    tokensPerSecond: mean('tokensPerSecond'),
    mfu: mean('mfu'),
    lowestLoss: either(a.lowestLoss, b.lowestLoss, Math.min),
    highestLoss: either(a.highestLoss, b.highestLoss, Math.max),
    lowestNorm: either(a.lowestNorm, b.lowestNorm, Math.min),
    highestNorm: either(a.highestNorm, b.highestNorm, Math.max),
  };
}

/** The later of the two; the earlier for what only it measured. */
export function mergeEvaluationRows(a: EvaluationRow, b: EvaluationRow): EvaluationRow {
  const later = (name: keyof EvaluationRow): number => either(a[name], b[name], (_, y) => y);
  return {
    step: b.step,
    validationLoss: later('validationLoss'),
    hellaswag: later('hellaswag'),
    hellaswagExamples: later('hellaswagExamples'),
  };
}

/** Merges two values; if one is missing, gives the other. */
function either(a: number, b: number, merge: (a: number, b: number) => number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : merge(a, b);
}
