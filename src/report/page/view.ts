/** @file What the charts show of the data: the unit and scale of the axis, the part zoomed to, the runs switched on. */

import type { PageChart, PageCurve, PageData, PageRun } from '../page-data.ts';

export interface View {
  readonly unit: 'steps' | 'tokens';
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

/** What one step of the run is on the axis. */
function stepSize(run: PageRun | undefined, unit: View['unit']): number {
  return unit === 'tokens' ? (run?.tokensPerStep ?? Number.NaN) : 1;
}

/** Both ends of the axis. A logarithmic one begins at the first step. */
export function extent({ runs }: PageData, { unit, scale }: View): readonly [number, number] {
  const ends = runs.map((run) => run.lastStep * stepSize(run, unit)).filter(Number.isFinite);
  const first = Math.min(...runs.map((run) => stepSize(run, unit)).filter(Number.isFinite));
  return [scale === 'log' ? first : 0, Math.max(first, ...ends)];
}

/** Both ends of the part that is zoomed to: per cents are of steps or tokens on a logarithmic axis too, as ECharts has them. */
export function shownExtent(data: PageData, view: View): readonly [number, number] {
  const [min, max] = extent(data, view);
  const at = (percent: number): number => min + ((max - min) * percent) / 100;
  return [at(view.start), at(view.end)];
}

/** The points of a curve on the axis. */
export function points(curve: PageCurve, data: PageData, { unit, scale }: View): [number, number | null][] {
  const size = stepSize(data.runs[curve.run], unit);
  const all = curve.steps.map((step, index): [number, number | null] => [step * size, curve.values[index] ?? null]);
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
  const wanted = place / stepSize(data.runs[run], view.unit);
  // the last evaluation of a run is one step after its last loss
  if (wanted < (steps[0] ?? 0) - 1 || wanted > (steps.at(-1) ?? 0) + 1) return null;
  const after = steps.findIndex((step) => step >= wanted);
  if (after <= 0) return values.at(after) ?? null;
  const isBeforeNearer = wanted - (steps[after - 1] ?? 0) < (steps[after] ?? 0) - wanted;
  return values[isBeforeNearer ? after - 1 : after] ?? null;
}
