/**
 * @file Whether a run follows a curve that it is expected to follow, another run's as a rule. Measurements are compared at the
 * steps that both have. Two runs with the same settings never have the same curve; how far they may lie apart is the band,
 * docs/report.md says from which measurements.
 */

import { HELLASWAG_EXAMPLES } from '../../eval/hellaswag-source.ts';
import { lastStep, type RunCurves, type Series } from './curves.ts';

export const COMPARED = ['validationLoss', 'hellaswag', 'loss'] as const;

/** A measurement of a run beside what was expected; the run is in the band where they differ by `band` at most. */
export interface Comparison {
  /** Of the expected curve; an evaluation of the run may be a step later. */
  readonly step: number;
  /** NaN where the run's measurement was no number. */
  readonly value: number;
  readonly expected: number;
  readonly band: number;
}

export interface Excursion {
  readonly side: 'above' | 'below';
  readonly from: number;
  /** The last step outside the band. */
  readonly to: number;
}

export interface Verdict {
  readonly quantity: (typeof COMPARED)[number];
  readonly latest: Comparison;
  /** Where the latest measurement lies; one that is no number lies above. */
  readonly side: 'within' | Excursion['side'];
  /** Stretches of at least two comparisons outside the band on one side, ascending. */
  readonly excursions: readonly Excursion[];
}

/** How far losses of runs with other seeds, orders of the data or kernels lie apart. */
const VALIDATION_BAND = 0.03;
/** Of means over training steps, which go with the texts that come: a published run's wander around its validation loss by ±0.05. */
const TRAINING_BAND = 0.07;
/** A run may be ahead or behind by this share of its steps, which counts where the curve is steep. */
const STEP_SHARE = 0.05;
/** Of the means of training losses, and of HellaSwag's accuracies. */
const STANDARD_ERRORS = 2;
/** One measurement outside may be chance. */
const PERSISTENCE = 2;
/** A training loss is the mean of so many steps to either side, fewer in a short run. */
const REACH_STEPS = 50;
const REACH_SHARE = 0.01;

/** A verdict on each quantity that can be compared. */
export function compareWithExpected(run: RunCurves, expected: RunCurves): Verdict[] {
  const reach = Math.min(REACH_STEPS, Math.ceil(REACH_SHARE * lastStep(expected)));
  const examples = run.hellaswagExamples ?? expected.hellaswagExamples ?? HELLASWAG_EXAMPLES;
  const comparisons = {
    validationLoss: compareLosses(evaluationsOf(run.series.validationLoss), expected.series.validationLoss),
    hellaswag: compareAccuracies(evaluationsOf(run.series.hellaswag), expected.series.hellaswag, examples),
    loss: compareMeans(run.series.loss, expected.series.loss, reach),
  };
  return COMPARED.flatMap((quantity) => verdictOn(quantity, comparisons[quantity]) ?? []);
}

type Measured = (step: number) => number | undefined;

interface Point {
  readonly step: number;
  readonly value: number;
}

/** The measurement at a step or, as programs count the last one differently, at the next. */
function evaluationsOf({ steps, values }: Series): Measured {
  const byStep = new Map(steps.map((step, index) => [step, values[index] ?? Number.NaN]));
  return (step) => byStep.get(step) ?? byStep.get(step + 1);
}

/** The curve from its first update on, without what is no number: before, a loss says how weights were drawn. */
function pointsOf({ steps, values }: Series): Point[] {
  const points = steps.map((step, index) => ({ step, value: values[index] ?? Number.NaN }));
  return points.filter(({ step, value }) => step > 0 && Number.isFinite(value));
}

function compareLosses(measured: Measured, expected: Series): Comparison[] {
  const points = pointsOf(expected);
  return points.flatMap(({ step, value }, index) => {
    const found = measured(step);
    const band = VALIDATION_BAND + slack(points, index);
    return found === undefined ? [] : [{ step, value: found, expected: value, band }];
  });
}

/** Two accuracies over the same n examples differ by at most √2 standard errors √(p(1 − p)/n) of one: less where they agree. */
function compareAccuracies(measured: Measured, expected: Series, examples: number): Comparison[] {
  return pointsOf(expected).flatMap(({ step, value }) => {
    const found = measured(step);
    const band = STANDARD_ERRORS * Math.sqrt((2 * value * (1 - value)) / examples);
    return found === undefined ? [] : [{ step, value: found, expected: value, band }];
  });
}

/** An expected curve of single steps is averaged as the run is; one with a point now and then holds such means. */
function compareMeans(run: Series, expected: Series, reach: number): Comparison[] {
  const end = run.steps.at(-1) ?? 0;
  const points = pointsOf(expected).filter(({ step }) => step + reach <= end);
  const isEachStep = points.some(({ step }, index) => step === (points[index - 1]?.step ?? 0) + 1 && index > 0);
  const apart: (Point & { readonly error: number | undefined })[] = [];
  for (const { step, value } of points) {
    if (step < (apart.at(-1)?.step ?? -reach) + 2 * reach + 1 || !measuresAround(run, step, reach)) continue;
    apart.push({ step, ...(isEachStep ? meanAround(expected, step, reach) : { value, error: undefined }) });
  }
  return apart.map(({ step, value, error: ofExpected }, index) => {
    const { value: found, error } = meanAround(run, step, reach);
    const noise = STANDARD_ERRORS * Math.hypot(error, ofExpected ?? error);
    return {
      step,
      value: found,
      expected: value,
      band: TRAINING_BAND + slack(apart, index) + (Number.isNaN(noise) ? 0 : noise),
    };
  });
}

/** The mean over the steps around one, and its standard error, estimated from differences of neighbours. */
function meanAround({ steps, values }: Series, step: number, reach: number): { value: number; error: number } {
  const from = firstFrom(steps, step - reach);
  const around = values.slice(from, firstFrom(steps, step + reach + 1));
  const squares = around.slice(1).reduce((sum, value, index) => sum + (value - (around[index] ?? value)) ** 2, 0);
  return {
    value: around.reduce((sum, value) => sum + value, 0) / around.length,
    error: Math.sqrt(squares / (2 * (around.length - 1) * around.length)),
  };
}

const measuresAround = ({ steps }: Series, step: number, reach: number): boolean =>
  firstFrom(steps, step - reach) < firstFrom(steps, step + reach + 1);

/** The index of the first step from `step` on. */
function firstFrom(steps: readonly number[], step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * By how much the curve falls or rises within `STEP_SHARE` of its steps, on the steeper side of a point. Points that are nearer
 * than that say more about noise than about the curve.
 */
function slack(points: readonly Point[], index: number): number {
  const here = points[index];
  if (!here) return 0;
  const isFar = ({ step }: Point): boolean => Math.abs(Math.log(step / here.step)) >= STEP_SHARE;
  const sides = [points.slice(0, index).findLast(isFar), points.slice(index + 1).find(isFar)];
  return Math.max(
    ...sides.map((other) =>
      other ? Math.abs((STEP_SHARE * (other.value - here.value)) / Math.log(other.step / here.step)) : 0,
    ),
  );
}

function verdictOn(quantity: Verdict['quantity'], comparisons: readonly Comparison[]): Verdict | undefined {
  const latest = comparisons.at(-1);
  if (!latest) return undefined;
  const sides = comparisons.map(sideOf);
  const excursions: Excursion[] = [];
  for (let start = 0, end = 0; start < sides.length; start = end) {
    const side = sides[start];
    while (end < sides.length && sides[end] === side) end++;
    const [from, to] = [comparisons[start]?.step ?? 0, comparisons[end - 1]?.step ?? 0];
    if (side !== undefined && side !== 'within' && end - start >= PERSISTENCE) excursions.push({ side, from, to });
  }
  return { quantity, latest, side: sideOf(latest), excursions };
}

function sideOf({ value, expected, band }: Comparison): Verdict['side'] {
  if (Number.isNaN(value) || value > expected + band) return 'above';
  return value < expected - band ? 'below' : 'within';
}
