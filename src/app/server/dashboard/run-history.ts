/** @file The lines of a run as the columns that a page draws. */

import type { EvalMetrics, Metrics, TrainMetrics } from '../../../runs/metrics.ts';
import type { Column, RunHistory, TrainColumns } from '../../dashboard-stream.ts';

/** Significant digits of a number on its way to a chart. */
const DIGITS = 6;

/** What the lines of `metrics.jsonl` tell, one array a quantity. */
export function historyOf(lines: readonly Metrics[]): RunHistory {
  const trained = lines.filter((line) => line.kind === 'train');
  const evaluated = lines.filter((line) => line.kind === 'eval');
  const train = (key: Exclude<keyof TrainColumns, 'step'>): Column =>
    trained.map((line: TrainMetrics) => rounded(line[key]));
  const evaluation = (value: (line: EvalMetrics) => number | undefined): Column =>
    evaluated.map((line) => rounded(value(line)));
  return {
    train: {
      step: trained.map(({ step }) => step),
      loss: train('loss'),
      lr: train('lr'),
      norm: train('norm'),
      ms: train('ms'),
      tokensPerSecond: train('tokensPerSecond'),
      mfu: train('mfu'),
    },
    evaluations: {
      step: evaluated.map(({ step }) => step),
      validationLoss: evaluation(({ validationLoss }) => validationLoss),
      hellaswag: evaluation(({ hellaswag }) => hellaswag?.accuracyNorm),
      hellaswagExamples: evaluation(({ hellaswag }) => hellaswag?.total),
    },
    samples: lines.flatMap((line) => (line.kind === 'sample' ? [{ step: line.step, text: line.text }] : [])),
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(DIGITS));
}
