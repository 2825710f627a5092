/**
 * @file Where a run's measurements go for other programs to show: what such a program's logger does, and how a run is told to
 * it, line by line while it trains or as a whole afterwards.
 */

import type { Metrics } from '../../runs/metrics.ts';
import type { Quantity, RunCurves } from '../series/curves.ts';
import { measurementsOf } from '../series/measurements.ts';

/** When something was measured: after so many steps, and in seconds since 1970. */
export interface Moment {
  readonly step: number;
  readonly time: number;
}

/** Writes for one program. What fails throws; whoever trains goes on without the logger. */
export interface RunLogger {
  /** Values that were measured together, by tag, such as `loss/train`; every one is a number. */
  logMetrics(moment: Moment, metrics: Readonly<Record<string, number>>): void;
  /** A text, such as one that the model wrote. */
  logText(moment: Moment, tag: string, text: string): void;
  /** Writes what still waits. */
  close(): void;
}

/** What is measured together, each under its tag: of a step, and of an evaluation. */
const TAGS: readonly Readonly<Partial<Record<Quantity, string>>>[] = [
  { validationLoss: 'loss/validation', hellaswag: 'hellaswag/accuracy_norm' },
  {
    loss: 'loss/train',
    learningRate: 'optimizer/learning_rate',
    gradientNorm: 'optimizer/gradient_norm',
    milliseconds: 'speed/milliseconds',
    tokensPerSecond: 'speed/tokens_per_second',
    mfu: 'speed/mfu',
  },
];

/** Tells the lines of a run to a logger. */
export class RunLog {
  readonly #logger: RunLogger;
  /** The step of the last sample, and how many there were of it. */
  #samples = { step: -1, count: 0 };

  constructor(logger: RunLogger) {
    this.#logger = logger;
  }

  /** @param time in seconds since 1970 */
  take(line: Metrics, time: number): void {
    const moment = { step: line.step, time };
    if (line.kind === 'sample') this.sample(moment, line.text);
    else this.measured(moment, measurementsOf(line));
  }

  /** Values of a step; what is no number is a gap. */
  measured(moment: Moment, values: Readonly<Partial<Record<Quantity, number>>>): void {
    for (const tags of TAGS) {
      const metrics: Record<string, number> = {};
      for (const [quantity, tag] of Object.entries(tags)) {
        const value = values[quantity as Quantity];
        if (value !== undefined && Number.isFinite(value)) metrics[tag] = value;
      }
      if (Object.keys(metrics).length > 0) this.#logger.logMetrics(moment, metrics);
    }
  }

  /** A text of the model; those of a step are numbered from 1. */
  sample(moment: Moment, text: string): void {
    const { step } = moment;
    this.#samples = { step, count: step === this.#samples.step ? this.#samples.count + 1 : 1 };
    this.#logger.logText(moment, `samples/${this.#samples.count}`, text);
  }
}

/** What a run has measured so far, as far as it is told to loggers. */
export type LoggedRun = Pick<RunCurves, 'series' | 'samples' | 'writtenAt'>;

/** Tells all that a run has measured, steps ascending. */
export function logRun(run: LoggedRun, log: RunLog): void {
  const values = new Map<number, Partial<Record<Quantity, number>>>();
  for (const [quantity, { steps, values: measured }] of Object.entries(run.series))
    for (const [index, step] of steps.entries())
      values.set(step, { ...values.get(step), [quantity]: measured[index] ?? Number.NaN });
  const texts = new Map<number, string[]>();
  for (const { step, text } of run.samples) texts.set(step, [...(texts.get(step) ?? []), text]);
  const secondsAt = clock(run);
  for (const step of [...new Set([...values.keys(), ...texts.keys()])].sort((a, b) => a - b)) {
    const moment = { step, time: secondsAt(step) };
    log.measured(moment, values.get(step) ?? {});
    for (const text of texts.get(step) ?? []) log.sample(moment, text);
  }
}

/**
 * Seconds since 1970 before each step. A run does not record when a step was made: times are counted back from its last write by
 * the durations of its steps.
 */
export function clock({ series: { milliseconds }, writtenAt }: LoggedRun): (step: number) => number {
  const before = new Map<number, number>();
  let sum = 0;
  for (const [index, step] of milliseconds.steps.entries()) {
    before.set(step, sum);
    const value = milliseconds.values[index] ?? 0;
    sum += Number.isNaN(value) ? 0 : value;
  }
  const total = sum;
  return (step) => (writtenAt - total + (before.get(step) ?? (step === 0 ? 0 : total))) / 1000;
}
