/** @file What a report knows of a run, wherever it was read from: quantities over steps, samples, settings. */

import type { RunFacts } from '../../runs/facts.ts';

/** What a run measures as it goes. */
export const QUANTITIES = [
  'loss',
  'validationLoss',
  'hellaswag',
  'learningRate',
  'gradientNorm',
  'milliseconds',
  'tokensPerSecond',
  'mfu',
] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** One quantity at ascending steps; NaN where it was measured but was no number. */
export interface Series {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** A text that the model wrote after so many steps. */
export interface Sample {
  readonly step: number;
  readonly text: string;
}

/** A run as a report draws it. */
export interface RunCurves {
  readonly name: string;
  readonly path: string;
  readonly series: Readonly<Record<Quantity, Series>>;
  readonly samples: readonly Sample[];
  /** Undefined when neither the run nor the user says. */
  readonly tokensPerStep: number | undefined;
  /** Of how many examples the last HellaSwag accuracy is; undefined where nothing says. */
  readonly hellaswagExamples: number | undefined;
  /** Undefined for a log. */
  readonly facts: RunFacts | undefined;
  /** When the run last wrote, in milliseconds since 1970. */
  readonly writtenAt: number;
}

/** Collects measurements in the order of a log. */
export class SeriesCollector {
  readonly #series = {
    loss: emptySeries(),
    validationLoss: emptySeries(),
    hellaswag: emptySeries(),
    learningRate: emptySeries(),
    gradientNorm: emptySeries(),
    milliseconds: emptySeries(),
    tokensPerSecond: emptySeries(),
    mfu: emptySeries(),
  };

  /** Adds a measurement. A step that comes again (a run that was resumed) replaces itself and what followed it. */
  add(quantity: Quantity, step: number, value: number): void {
    const { steps, values } = this.#series[quantity];
    while ((steps.at(-1) ?? -1) >= step) {
      steps.pop();
      values.pop();
    }
    steps.push(step);
    values.push(Number.isFinite(value) ? value : Number.NaN);
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return QUANTITIES.every((quantity) => this.#series[quantity].steps.length === 0);
  }

  /** What was collected. */
  collected(): Record<Quantity, Series> {
    return this.#series;
  }
}

function emptySeries(): { steps: number[]; values: number[] } {
  return { steps: [], values: [] };
}

/** The last value that is a number, and its step. */
export function lastMeasured({ steps, values }: Series): { readonly step: number; readonly value: number } | undefined {
  for (let index = values.length - 1; index >= 0; index--) {
    const value = values[index] ?? Number.NaN;
    if (Number.isFinite(value)) return { step: steps[index] ?? 0, value };
  }
  return undefined;
}

/** Whether any loss of these runs is a number. */
export function hasLosses(runs: readonly Pick<RunCurves, 'series'>[]): boolean {
  return runs.some(({ series }) => lastMeasured(series.loss) ?? lastMeasured(series.validationLoss));
}

/** The mean of the last `count` values that are numbers; NaN when there is none. */
export function recentMean({ values }: Series, count: number): number {
  const recent = values.filter(Number.isFinite).slice(-count);
  return recent.reduce((sum, value) => sum + value, 0) / recent.length;
}

/** The last step that anything was measured at. */
export function lastStep({ series }: Pick<RunCurves, 'series'>): number {
  return Math.max(0, ...QUANTITIES.map((quantity) => series[quantity].steps.at(-1) ?? 0));
}
