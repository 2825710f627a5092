/** @file Which curves each chart has: of one run its quantities, of several one run beside the other. */

import type { TrainColumns } from '../../dashboard-stream.ts';
import type { Curve } from './chart-data.ts';
import type { RunState } from './run-state.ts';
import { smooth } from './smoothing.ts';

const TRAINING = '--curve-0';
const VALIDATION = '--curve-1';
/** Colours that the style sheet defines, told apart by colour-blind readers too. */
const COLOURS = 6;

/** The colour of a run among several. */
export function runColour(index: number): string {
  return `--curve-${index % COLOURS}`;
}

/** Training loss as measured and smoothed, and validation loss. */
export function lossCurves(runs: readonly RunState[], smoothing: number): Curve[] {
  return runs.flatMap(({ information: { name }, history: { train, evaluations } }, index) => {
    const isOne = runs.length === 1;
    const training = isOne ? TRAINING : runColour(index);
    const measured: Curve = {
      label: 'measured',
      colour: training,
      steps: train.step,
      values: train.loss,
      isFaint: true,
    };
    const curves: Curve[] = [
      ...(isOne && smoothing > 0 ? [measured] : []),
      {
        label: isOne ? 'training' : `${name}, training`,
        colour: training,
        steps: train.step,
        values: smooth(train.loss, smoothing),
      },
    ];
    if (evaluations.validationLoss.every((value) => value === null)) return curves;
    return [
      ...curves,
      {
        label: isOne ? 'validation' : `${name}, validation`,
        colour: isOne ? VALIDATION : training,
        steps: evaluations.step,
        values: evaluations.validationLoss,
        isSparse: true,
        isDashed: !isOne,
      },
    ];
  });
}

/** One column of every run, smoothed. */
export function trainCurves(
  runs: readonly RunState[],
  label: string,
  key: Exclude<keyof TrainColumns, 'step'>,
  smoothing: number,
): Curve[] {
  return runs.flatMap(({ information: { name }, history: { train } }, index) => {
    const colour = runs.length === 1 ? TRAINING : runColour(index);
    const measured: Curve = { label: 'measured', colour, steps: train.step, values: train[key], isFaint: true };
    return [
      ...(runs.length === 1 && smoothing > 0 ? [measured] : []),
      { ...measured, label: runs.length === 1 ? label : name, values: smooth(train[key], smoothing), isFaint: false },
    ];
  });
}

/** HellaSwag of every run that was asked it. */
export function hellaswagCurves(runs: readonly RunState[]): Curve[] {
  return runs.flatMap(({ information: { name }, history: { evaluations } }, index) =>
    evaluations.hellaswag.every((value) => value === null)
      ? []
      : [
          {
            label: runs.length === 1 ? 'accuracy' : name,
            colour: runs.length === 1 ? VALIDATION : runColour(index),
            steps: evaluations.step,
            values: evaluations.hellaswag,
            isSparse: true,
          },
        ],
  );
}
