/** @file The curves of each chart: for one run its quantities, for several runs one quantity of each. */

import { isDashed, RUN_COLOURS } from '../../../../report/figure/palette.ts';
import { shortNames } from '../../../../report/series/short-names.ts';
import type { TrainColumns } from '../../../dashboard-stream.ts';
import type { RunState } from '../run-state.ts';
import type { Axis } from './axis.ts';
import type { Curve } from './chart-data.ts';
import { smooth } from './smoothing.ts';

type Look = Pick<Curve, 'colour' | 'isDashed'>;

const TRAINING: Look = { colour: '--run-0' };
const VALIDATION: Look = { colour: '--run-1' };

/** How a run among several is drawn: after the last colour they begin again, dashed. The colours are those of reports. */
export function runLook(index: number): Look {
  return { colour: `--run-${index % RUN_COLOURS}`, isDashed: isDashed(index) };
}

/** Training loss, for a single run also unsmoothed, and validation loss; where runs have both, training is thin. */
export function lossCurves(runs: readonly RunState[], axis: Axis, smoothing: number): Curve[] {
  const training = trainCurves(runs, axis, 'training', 'loss', smoothing);
  const validation = evaluationCurves(runs, axis, 'validation', 'validationLoss');
  return runs.length === 1
    ? [...training.flat(), ...validation.flat()]
    : runs.flatMap((_, run) => {
        const validated = (validation[run] ?? []).map((curve) => ({ ...curve, sharesLegendEntry: true }));
        const isThin = validated.length > 0;
        return [...(training[run] ?? []).map((curve) => ({ ...curve, isThin })), ...validated];
      });
}

/** One column of every run, smoothed, and for a single run also unsmoothed: the curves of each run. */
export function trainCurves(
  runs: readonly RunState[],
  axis: Axis,
  label: string,
  key: Exclude<keyof TrainColumns, 'step'>,
  smoothing: number,
): Curve[][] {
  const labels = curveLabels(runs, label);
  return runs.map(({ history: { train } }, run) => {
    const isOne = runs.length === 1;
    const look = { label: labels[run] ?? '', ...(isOne ? TRAINING : runLook(run)) };
    const values = smooth(train.step, train[key], smoothing);
    if (!isOne) return [{ ...look, ...thinned(axis.places(run, train.step), values, axis, runs.length) }];
    const smoothed = { ...look, places: axis.places(run, train.step), values };
    if (smoothing === 0) return [smoothed];
    const measured = asMeasured(train, key);
    return [{ ...look, places: axis.places(run, measured.steps), values: measured.values, isFaint: true }, smoothed];
  });
}

/** Places that charts of several runs have at most, if every run has places of its own. */
const MAX_PLACES = 40_000;

/** Every second, third, … point, and the last, where the places of all runs together would be too many. */
function thinned(
  places: readonly number[],
  values: readonly (number | null)[],
  { unit }: Axis,
  runs: number,
): Pick<Curve, 'places' | 'values'> {
  const stride = unit === 'steps' ? 1 : Math.ceil((places.length * runs) / MAX_PLACES);
  if (stride <= 1) return { places, values };
  const isKept = (_: unknown, index: number): boolean => (places.length - 1 - index) % stride === 0;
  return { places: places.filter(isKept), values: values.filter(isKept) };
}

/** A column as measured; where a point is the mean of several steps, their lowest and highest value instead. */
function asMeasured(
  train: TrainColumns,
  key: Exclude<keyof TrainColumns, 'step'>,
): { readonly steps: readonly number[]; readonly values: readonly (number | null)[] } {
  const extremes = EXTREMES[key];
  if (extremes === undefined || stepsPerPoint(train) <= 1) return { steps: train.step, values: train[key] };
  const [lowest, highest] = [train[extremes[0]], train[extremes[1]]];
  const points = train.step.flatMap((step, index) => {
    const gap = step - (train.step[index - 1] ?? -1);
    const last = [step, highest[index] ?? null] as const;
    return gap > 1 ? [[step - Math.floor(gap / 2), lowest[index] ?? null] as const, last] : [last];
  });
  return { steps: points.map(([step]) => step), values: points.map(([, value]) => value) };
}

const EXTREMES: Readonly<
  Record<string, readonly ['lowestLoss', 'highestLoss'] | readonly ['lowestNorm', 'highestNorm']>
> = { loss: ['lowestLoss', 'highestLoss'], norm: ['lowestNorm', 'highestNorm'] };

/** The number of steps that a point is the mean of. */
export function stepsPerPoint({ step: [first = 0, second = first] }: TrainColumns): number {
  return second - first;
}

/** The results of evaluations: the curves of each run, none if it was not evaluated. */
export function evaluationCurves(
  runs: readonly RunState[],
  axis: Axis,
  label: string,
  key: 'validationLoss' | 'hellaswag',
): Curve[][] {
  const labels = curveLabels(runs, label);
  return runs.map(({ history: { evaluations } }, run) => {
    if (evaluations[key].every((value) => value === null)) return [];
    const look = { label: labels[run] ?? '', ...(runs.length === 1 ? VALIDATION : runLook(run)) };
    return [{ ...look, places: axis.places(run, evaluations.step), values: evaluations[key], isSparse: true }];
  });
}

/** The most characters of a run's name in a legend. */
const MAX_NAME_LENGTH = 20;

/** The label of each run's curve: the quantity for a single run, else the name of the run. */
function curveLabels(runs: readonly RunState[], label: string): string[] {
  return runs.length === 1
    ? [label]
    : shortNames(
        runs.map(({ information }) => information.name),
        MAX_NAME_LENGTH,
      );
}
