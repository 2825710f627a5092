/** @file The curves of each chart: for one run its quantities, for several runs one quantity of each. */

import { isDashed, RUN_COLOURS } from '../../../report/figure/palette.ts';
import { shortNames } from '../../../report/series/short-names.ts';
import type { TrainColumns } from '../../dashboard-stream.ts';
import type { Curve } from './chart-data.ts';
import type { RunState } from './run-state.ts';
import { smooth } from './smoothing.ts';

type Look = Pick<Curve, 'colour' | 'isDashed'>;

const TRAINING: Look = { colour: '--curve-0' };
const VALIDATION: Look = { colour: '--curve-1' };

/** How a run among several is drawn: after the last colour they begin again, dashed. The colours are those of reports. */
export function runLook(index: number): Look {
  return { colour: `--curve-${index % RUN_COLOURS}`, isDashed: isDashed(index) };
}

/** Training loss, for a single run also unsmoothed, and validation loss; where runs have both, training is thin. */
export function lossCurves(runs: readonly RunState[], smoothing: number): Curve[] {
  const training = trainCurves(runs, 'training', 'loss', smoothing);
  const validation = evaluationCurves(runs, 'validation', 'validationLoss');
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
  label: string,
  key: Exclude<keyof TrainColumns, 'step'>,
  smoothing: number,
): Curve[][] {
  const labels = curveLabels(runs, label);
  return runs.map(({ history: { train } }, run) => {
    const isOne = runs.length === 1;
    const look = { label: labels[run] ?? '', ...(isOne ? TRAINING : runLook(run)) };
    const smoothed = { ...look, steps: train.step, values: smooth(train.step, train[key], smoothing) };
    const measured = { ...smoothed, ...asMeasured(train, key), isFaint: true };
    return isOne && smoothing > 0 ? [measured, smoothed] : [smoothed];
  });
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
  label: string,
  key: 'validationLoss' | 'hellaswag',
): Curve[][] {
  const labels = curveLabels(runs, label);
  return runs.map(({ history: { evaluations } }, run) => {
    if (evaluations[key].every((value) => value === null)) return [];
    const look = { label: labels[run] ?? '', ...(runs.length === 1 ? VALIDATION : runLook(run)) };
    return [{ ...look, steps: evaluations.step, values: evaluations[key], isSparse: true }];
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
