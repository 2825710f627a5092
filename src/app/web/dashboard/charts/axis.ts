/** @file The horizontal axis of the charts: where the steps of runs are on it, and how its places are written. */

import { DURATION_INTERVALS, decimalIntervals, formatDurationTick } from '../../../../report/figure/durations.ts';
import { formatTokens } from '../../../../report/figure/horizontal.ts';
import { interpolate, inverse, stepTimes } from '../../../../report/series/step-times.ts';
import { formatCount, formatDuration } from '../../../../support/format.ts';
import type { RunState } from '../run-state.ts';
import { numberTick, type TickLabel } from './tick-labels.ts';

export const UNITS = ['steps', 'tokens', 'time'] as const;
export type Unit = (typeof UNITS)[number];

export interface Axis {
  readonly unit: Unit;
  /** Where steps of a run are: the same list for the same steps. */
  places(run: number, steps: readonly number[]): readonly number[];
  /** A place in words; of a single run its step, tokens and time. */
  describe(place: number): string;
  /** What lies between two places. */
  describeRange(from: number, to: number): string;
  readonly tick: TickLabel;
  /** Distances between ticks, ascending. */
  readonly increments: readonly number[];
}

/** Where steps of one run are, and which step is at a place. */
interface Scale {
  readonly place: (step: number) => number;
  readonly step: (place: number) => number;
}

/** Whether every run says how many tokens a step has, so that they can be compared by tokens. */
export function knowsTokens(runs: readonly RunState[]): boolean {
  return runs.every(({ information }) => information.tokensPerStep !== undefined);
}

/** The axis for runs as they are now: it is made anew when they grow. */
export function horizontalAxis(unit: Unit, runs: readonly RunState[]): Axis {
  const scales = runs.map((run) => SCALES[unit](run));
  const known = new Map<readonly number[], readonly number[]>();
  return {
    unit,
    places(run, steps) {
      const scale = scales[run];
      if (unit === 'steps' || !scale) return steps;
      const places = known.get(steps) ?? steps.map(scale.place);
      known.set(steps, places);
      return places;
    },
    describe(place) {
      const [run, ...others] = runs;
      const [scale] = scales;
      if (!run || !scale || others.length > 0) return WORDS[unit](place);
      const step = Math.round(scale.step(place));
      const { tokensPerStep } = run.information;
      return [
        WORDS.steps(step),
        ...(tokensPerStep === undefined ? [] : [`${formatTokens(step * tokensPerStep, tokensPerStep)} tokens`]),
        WORDS.time(SCALES.time(run).place(step)),
      ].join(' · ');
    },
    describeRange: (from, to) => RANGES[unit](from, to),
    tick: TICKS[unit],
    increments: unit === 'time' ? DURATION_INTERVALS : COUNTS,
  };
}

const SCALES: Readonly<Record<Unit, (run: RunState) => Scale>> = {
  steps: () => ({ place: (step) => step, step: (place) => place }),
  tokens: ({ information: { tokensPerStep = 1 } }) => ({
    place: (step) => step * tokensPerStep,
    step: (place) => place / tokensPerStep,
  }),
  time({ history }) {
    const times = stepTimes(history.train.step, history.train.ms);
    return { place: (step) => interpolate(times, step), step: (place) => interpolate(inverse(times), place) };
  },
};

const WORDS: Readonly<Record<Unit, (place: number) => string>> = {
  steps: (place) => `step ${formatCount(place)}`,
  tokens: (place) => `${formatTokens(place, Math.max(1, place / 1000))} tokens`,
  time: (place) => (place === 0 ? '0 s' : formatDuration(place)),
};

const RANGES: Readonly<Record<Unit, (from: number, to: number) => string>> = {
  steps: (from, to) => `Steps ${formatCount(from)} to ${formatCount(to)}`,
  tokens: (from, to) => `${formatTokens(from, (to - from) / 100)} to ${formatTokens(to, (to - from) / 100)} tokens`,
  time: (from, to) => `${WORDS.time(from)} to ${WORDS.time(to)}`,
};

const TICKS: Readonly<Record<Unit, TickLabel>> = { steps: numberTick, tokens: formatTokens, time: formatDurationTick };

const COUNTS = decimalIntervals(0, 14);
