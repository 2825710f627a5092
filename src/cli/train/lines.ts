/** @file The lines a person reads while a model trains. */

import type { EvalMetrics, TrainMetrics } from '../../runs/metrics.ts';
import { formatBytes, formatCount, formatDuration } from '../../support/format.ts';
import { median } from '../../support/median.ts';
import type { StartEvent } from '../../train/events.ts';
import { hellaswagLine } from '../eval/lines.ts';

/** The model, the device, the data and the batch of a run that starts, as names and values. */
export function startFacts(start: StartEvent): [name: string, value: string][] {
  const { settings, microSteps } = start;
  const batch = `${microSteps} × ${settings.batchSize} × ${settings.sequenceLength}`;
  const epochs = (settings.steps * settings.totalBatchSize) / start.trainTokens;
  return [
    [
      'model',
      `${settings.preset ?? settings.init}, ${formatCount(start.parameters)} parameters, ${settings.precision}`,
    ],
    [
      'device',
      `${start.ranks > 1 ? `${start.ranks} ranks, each ` : ''}${start.device}, ${(start.peak / 1e9).toFixed(0)} GFLOP/s in matrix products; memory: ${formatBytes(start.bytes)}`,
    ],
    ['data', `${settings.data}, ${formatCount(start.trainTokens)} training tokens, ${epochs.toFixed(2)} epochs`],
    ['batch', `${formatCount(settings.totalBatchSize)} tokens a step (${batch}); ${formatCount(settings.steps)} steps`],
  ];
}

/** The facts of a start as lines, and the checkpoint it resumes from. */
export function startLines(start: StartEvent): string[] {
  const { passedOver, resumedFrom, step } = start;
  return [
    ...startFacts(start).map(([name, value]) => `${name}: ${value}`),
    ...passedOver.map((problem) => `skipped a damaged checkpoint: ${problem}`),
    ...(resumedFrom ? [`resumed at step ${step} from ${resumedFrom}`] : []),
  ];
}

/** Steps whose median duration gives the time left. */
const RECENT_STEPS = 50;

/** The durations of the last steps. */
export class StepTimes {
  readonly #recent: number[] = [];

  /**
   * Records a step and returns the seconds that the rest of a run of `steps` steps will take; undefined after the last step.
   */
  left({ step, ms }: Pick<TrainMetrics, 'step' | 'ms'>, steps: number): number | undefined {
    this.#recent.push(ms);
    if (this.#recent.length > RECENT_STEPS) this.#recent.shift();
    const stepsLeft = steps - step - 1;
    return stepsLeft > 0 ? (stepsLeft * median(this.#recent)) / 1000 : undefined;
  }
}

/** One step, and the seconds that the rest will take: `step 19067 | loss: 3.103271 | lr 6.0000e-05 | norm: 0.2596 | dt: 555.33ms | tok/sec: 944104.07 | …`. */
export function stepLine(metrics: TrainMetrics, secondsLeft: number | undefined): string {
  const { step, loss, lr, norm, ms, tokensPerSecond, mfu, lossZ, normZ, skipped } = metrics;
  return [
    `step ${step}`,
    `loss: ${loss.toFixed(6)}`,
    `lr ${exponential(lr)}`,
    `norm: ${norm.toFixed(4)}`,
    `dt: ${ms.toFixed(2)}ms`,
    `tok/sec: ${tokensPerSecond.toFixed(2)}`,
    `mfu: ${(100 * mfu).toFixed(1)}%`,
    ...(secondsLeft === undefined ? [] : [`left: ${formatDuration(secondsLeft)}`]),
    ...(isOutlier(lossZ) || isOutlier(normZ) ? [`outlier: loss ${signed(lossZ)} z, norm ${signed(normZ)} z`] : []),
    ...(skipped ? [`update skipped: ${skipped}`] : []),
  ].join(' | ');
}

/** The results of an evaluation, one line each. */
export function evalLines({ step, validationLoss, hellaswag }: EvalMetrics): string[] {
  return [
    ...(validationLoss === undefined ? [] : [`validation loss: ${validationLoss.toFixed(4)}`]),
    ...(hellaswag ? [hellaswagLine(hellaswag)] : []),
  ].map((line) => `step ${step} | ${line}`);
}

/** Standard deviations from the mean at which a step is reported as an outlier. */
const OUTLIER_SCORE = 5;
const isOutlier = (score: number | undefined): boolean => score !== undefined && score > OUTLIER_SCORE;
const signed = (score = 0): string => `${score < 0 ? '−' : '+'}${Math.abs(score).toFixed(1)}`;

/** Two digits of exponent, as C prints it: `6.0000e-05`. */
function exponential(value: number): string {
  return value.toExponential(4).replace(/e([+-])(\d)$/, 'e$10$2');
}
