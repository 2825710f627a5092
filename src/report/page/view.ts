/** @file What the charts show of the data: the unit and scale of the axis, the part zoomed to, the runs switched on. */

import type { PageChart, PageCurve, PageData, PageRun } from '../page-data.ts';
import { interpolate, inverse } from '../series/step-times.ts';

export interface View {
  readonly unit: 'steps' | 'tokens' | 'time';
  readonly scale: 'linear' | 'log';
  /** The part of the axis that is shown, in per cent. */
  readonly start: number;
  readonly end: number;
  readonly hidden: ReadonlySet<number>;
}

/** The view a page opens with: tokens where runs take different batches. */
export function firstView(data: PageData): View {
  const sizes = new Set(data.runs.map(({ tokensPerStep }) => tokensPerStep));
  return {
    unit: sizes.size > 1 && !sizes.has(null) ? 'tokens' : 'steps',
    scale: 'linear',
    start: 0,
    end: 100,
    hidden: new Set(),
  };
}

/** Where a step of the run is on the axis; NaN where nothing says. */
function placeOf(run: PageRun | undefined, unit: View['unit'], step: number): number {
  if (unit === 'time') return run?.times ? interpolate(run.times, step) : Number.NaN;
  return unit === 'tokens' ? step * (run?.tokensPerStep ?? Number.NaN) : step;
}

/** The step of the run at a place on the axis; infinite after the end of its time. */
function stepAt(run: PageRun | undefined, unit: View['unit'], place: number): number {
  if (unit === 'tokens') return place / (run?.tokensPerStep ?? Number.NaN);
  if (unit === 'steps') return place;
  const isAfterEnd = !run?.times || place > (run.times.ys.at(-1) ?? 0);
  return isAfterEnd ? Number.POSITIVE_INFINITY : interpolate(inverse(run.times), place);
}

/** Both ends of the axis. A logarithmic one begins at the first step. */
export function extent({ runs }: PageData, { unit, scale }: View): readonly [number, number] {
  const ends = runs.map((run) => placeOf(run, unit, run.lastStep)).filter(Number.isFinite);
  const first = Math.min(...runs.map((run) => placeOf(run, unit, 1)).filter(Number.isFinite));
  return [scale === 'log' ? first : 0, Math.max(first, ...ends)];
}

/** Both ends of the part that is zoomed to: per cents are of steps, tokens or seconds on a logarithmic axis too, as ECharts has them. */
export function shownExtent(data: PageData, view: View): readonly [number, number] {
  const [min, max] = extent(data, view);
  const at = (percent: number): number => min + ((max - min) * percent) / 100;
  return [at(view.start), at(view.end)];
}

/** The points of a curve on the axis. */
export function points(curve: PageCurve, data: PageData, { unit, scale }: View): [number, number | null][] {
  const run = data.runs[curve.run];
  const all = curve.steps.map((step, index): [number, number | null] => [
    placeOf(run, unit, step),
    curve.values[index] ?? null,
  ]);
  return scale === 'log' ? all.filter(([x]) => x > 0) : all;
}

/** The curves of the runs that are switched on. */
export function shownCurves({ curves }: PageChart, { hidden }: View): readonly PageCurve[] {
  return curves.filter(({ run }) => !hidden.has(run));
}

/** The value of a curve at the step that is nearest to a place on the axis; null where that is before or after the curve. */
export function nearestValue(
  { run, steps, values }: PageCurve,
  place: number,
  data: PageData,
  view: View,
): number | null {
  const wanted = stepAt(data.runs[run], view.unit, place);
  // the last evaluation of a run is one step after its last loss
  if (wanted < (steps[0] ?? 0) - 1 || wanted > (steps.at(-1) ?? 0) + 1) return null;
  const after = steps.findIndex((step) => step >= wanted);
  if (after <= 0) return values.at(after) ?? null;
  const isBeforeNearer = wanted - (steps[after - 1] ?? 0) < (steps[after] ?? 0) - wanted;
  return values[isBeforeNearer ? after - 1 : after] ?? null;
}
