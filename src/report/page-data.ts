/** @file What the page's charts and samples show, small enough to stand in the page and fine enough to zoom into. */

import { hasLosses, lastStep, type Quantity, type RunCurves, type Series } from './series/curves.ts';
import { downsample } from './series/downsample.ts';
import { ofExamplesEach } from './series/hellaswag-examples.ts';
import { HELLASWAG_REFERENCES, LOSS_REFERENCES, type Reference } from './series/references.ts';
import { shortNames } from './series/short-names.ts';
import { smooth } from './series/smooth.ts';
import { type Polyline, stepTimes } from './series/step-times.ts';

/** How a curve is drawn: each step faintly, their course over it, or looks at the model now and then. */
export type Role = 'steps' | 'course' | 'validation';

export interface PageCurve {
  readonly run: number;
  readonly role: Role;
  readonly steps: readonly number[];
  /** null where there is no number. */
  readonly values: readonly (number | null)[];
}

export interface PageChart {
  readonly title: string;
  /** After the title. */
  readonly note?: string;
  readonly format: 'fixed' | 'percent' | 'count' | 'exponential';
  /** What part of the values is shown: a falling curve without its steep start, everything, or all from 0 on. */
  readonly range: 'falling' | 'all' | 'from zero';
  readonly references: readonly Reference[];
  readonly curves: readonly PageCurve[];
}

export interface PageRun {
  readonly name: string;
  /** For where there is little room. */
  readonly shortName: string;
  readonly tokensPerStep: number | null;
  readonly lastStep: number;
  /** The seconds of training before a step; null where nothing says how long steps took. */
  readonly times: Polyline | null;
  readonly prompt: string;
  /** Texts by step, ascending. */
  readonly samples: readonly { readonly step: number; readonly texts: readonly string[] }[];
}

export interface PageData {
  readonly runs: readonly PageRun[];
  readonly charts: readonly PageChart[];
}

/** Points of the curve that one zooms into, and of the others. */
const MAX_MARKED_POINTS = 20_000;
const FEW_POINTS = 3_000;
/** Characters of a run's short name. */
const MAX_SHORT_NAME_CHARACTERS = 30;

/** @param references whether charts show what OpenAI's models reach */
export function pageData(runs: readonly RunCurves[], references: boolean): PageData {
  const chart = (
    spec: Omit<PageChart, 'curves' | 'references'>,
    curves: readonly PageCurve[],
    lines: readonly Reference[] = [],
  ): PageChart[] => (curves.length === 0 ? [] : [{ ...spec, references: references ? lines : [], curves }]);
  const names = shortNames(
    runs.map(({ name }) => name),
    MAX_SHORT_NAME_CHARACTERS,
  );
  const isMeasured = hasLosses(runs);
  return {
    runs: runs.map((run, index) => pageRun(run, names[index] ?? run.name)),
    charts: [
      ...chart(
        {
          title: 'Loss',
          note: isMeasured ? describeStrokes(runs) : 'no loss is a number',
          format: 'fixed',
          range: 'falling',
        },
        [...noisy(runs, 'loss', MAX_MARKED_POINTS), ...plain(runs, 'validationLoss', 'validation')],
        isMeasured ? LOSS_REFERENCES : [],
      ),
      ...chart(
        { title: `HellaSwag accuracy${ofExamplesEach(runs)}`, format: 'fixed', range: 'all' },
        plain(runs, 'hellaswag', 'validation'),
        HELLASWAG_REFERENCES,
      ),
      ...chart(
        { title: 'Throughput', note: 'tokens/s', format: 'count', range: 'from zero' },
        noisy(runs, 'tokensPerSecond'),
      ),
      ...chart({ title: 'Model FLOPs utilisation', format: 'percent', range: 'from zero' }, noisy(runs, 'mfu')),
      ...chart(
        { title: 'Gradient norm', note: 'before clipping', format: 'fixed', range: 'falling' },
        noisy(runs, 'gradientNorm'),
      ),
      ...chart(
        { title: 'Learning rate', format: 'exponential', range: 'from zero' },
        plain(runs, 'learningRate', 'course'),
      ),
    ],
  };
}

function noisy(runs: readonly RunCurves[], quantity: Quantity, points = FEW_POINTS): PageCurve[] {
  const each = plain(runs, quantity, 'steps', points);
  const courses = runs.flatMap(({ series }, run) =>
    toPageCurve(run, 'course', downsample(smooth(series[quantity]), FEW_POINTS)),
  );
  return [...each, ...courses];
}

function plain(runs: readonly RunCurves[], quantity: Quantity, role: Role, points = FEW_POINTS): PageCurve[] {
  return runs.flatMap(({ series }, run) => toPageCurve(run, role, downsample(series[quantity], points)));
}

function toPageCurve(run: number, role: Role, { steps, values }: Series): PageCurve[] {
  if (steps.length === 0) return [];
  return [
    { run, role, steps, values: values.map((value) => (Number.isNaN(value) ? null : Number(value.toPrecision(5)))) },
  ];
}

function pageRun(run: RunCurves, shortName: string): PageRun {
  const byStep = new Map<number, string[]>();
  for (const { step, text } of run.samples) byStep.set(step, [...(byStep.get(step) ?? []), text]);
  const prompt = run.facts?.configuration.samplePrompt;
  return {
    name: run.name,
    shortName,
    tokensPerStep: run.tokensPerStep ?? null,
    lastStep: lastStep(run),
    times: trainingTimes(run),
    prompt: typeof prompt === 'string' ? prompt : '',
    samples: [...byStep].map(([step, texts]) => ({ step, texts })).sort((a, b) => a.step - b.step),
  };
}

/** Points of the line that says when steps were trained. */
const MAX_TIMES = 1000;

function trainingTimes({ series: { milliseconds } }: RunCurves): Polyline | null {
  const { xs, ys } = stepTimes(milliseconds.steps, milliseconds.values);
  if ((ys.at(-1) ?? 0) === 0) return null;
  const stride = Math.ceil(xs.length / MAX_TIMES);
  const isKept = (_: unknown, index: number): boolean => index === 0 || (xs.length - 1 - index) % stride === 0;
  return { xs: xs.filter(isKept), ys: ys.filter(isKept).map((seconds) => Number(seconds.toFixed(3))) };
}

/** How the strokes distinguish the losses of several runs. */
function describeStrokes(runs: readonly RunCurves[]): string {
  const hasValidation = runs.some(({ series }) => series.validationLoss.steps.length > 0);
  return runs.length === 1 ? '' : hasValidation ? 'validation thick, training thin' : 'training';
}
