/** @file From the columns of runs to what uPlot draws. */

import uPlot from 'uplot';

/** One curve of a chart. */
export interface Curve {
  readonly label: string;
  /** The name of a custom property of the style sheet. */
  readonly colour: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
  /** In the background of another curve: thin, pale, not in the legend. */
  readonly isFaint?: boolean;
  readonly isThin?: boolean;
  readonly isDashed?: boolean;
  /** Measured now and then: each measurement is marked, and between two of them nothing is missing. */
  readonly isSparse?: boolean;
  /** Whether the legend tells its value in the entry of the curve before it. */
  readonly isOfEntryBefore?: boolean;
}

/** The values of a curve on a row of steps: null where they are missing, undefined at steps of other curves. */
export type DrawnColumn = readonly (number | null | undefined)[];

/** Curves over one common row of steps. A logarithmic chart has no place for what is not above zero. */
export function alignedData(curves: readonly Curve[], isLogarithmic: boolean): uPlot.AlignedData {
  const tables = curves.map(
    ({ steps, values }): uPlot.AlignedData => [
      steps as number[],
      isLogarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : (values as number[]),
    ],
  );
  const [first, ...others] = tables;
  if (first === undefined) return [[]];
  if (others.every(([steps]) => steps === first[0]))
    return [first[0], ...tables.map(([, values]) => values ?? [])] as uPlot.AlignedData;
  return uPlot.join(tables);
}

/** The last value of a curve. */
export function lastValue(values: DrawnColumn): number | undefined {
  return values.findLast((value) => value !== null && value !== undefined) ?? undefined;
}

/** The value of a curve at a place, or the last one before it; none where the curve has ended. */
export function valueAt(values: DrawnColumn, place: number): number | undefined {
  const isBehindEnd = values.findLastIndex((value) => value !== undefined) < place;
  return isBehindEnd ? undefined : lastValue(values.slice(0, place + 1));
}

/** The places of values that no line shows, as those before and after them are missing. */
export function lonePlaces(values: DrawnColumn): number[] {
  const lone: number[] = [];
  // of the values since the last one that is missing
  let [count, last] = [0, 0];
  for (const [place, value] of [...values, null].entries()) {
    if (value === undefined) continue;
    if (value === null && count === 1) lone.push(last);
    [count, last] = value === null ? [0, last] : [count + 1, place];
  }
  return lone;
}

/** The part of the values that a chart shows: a falling curve without outlying high values, or all. */
export type ShownRange = 'falling' | 'all';

/** Of so many values at most it is found which are outlying. */
const MOST_SORTED = 4000;
/** The share of the largest values that may leave the chart, where they lie far from the rest. */
const OUTLYING = 0.02;
const PADDING = 0.08;
/** The least span of an axis as a share of its values: less is the dust of floating point. */
const LEAST_SPAN = 1e-3;

/**
 * The range of an axis over the places from `from` to `to`. Of a falling curve a few outlying high values may leave it: the
 * first steps of a loss would press the rest of its curve flat.
 */
export function valueRange(
  columns: readonly DrawnColumn[],
  from: number,
  to: number,
  shown: ShownRange,
): [number, number] {
  const values = columns.flatMap((column) =>
    column.slice(from, to + 1).filter((value) => value !== null && value !== undefined),
  );
  if (values.length === 0) return [0, 1];
  const lowest = values.reduce((a, b) => Math.min(a, b));
  const highest = values.reduce((a, b) => Math.max(a, b));
  const top = shown === 'falling' ? Math.min(highest, usualTop(values, lowest)) : highest;
  const span = Math.max(top - lowest, Math.abs(top) * LEAST_SPAN) || 1;
  const middle = (lowest + top) / 2;
  const low = middle - span * (0.5 + PADDING);
  return [lowest >= 0 ? Math.max(0, low) : low, middle + span * (0.5 + PADDING)];
}

/** A little above all values but the outlying ones. */
function usualTop(values: readonly number[], lowest: number): number {
  const stride = Math.ceil(values.length / MOST_SORTED);
  const some = values.filter((_, index) => index % stride === 0).sort((a, b) => a - b);
  const usual = some[Math.floor((some.length - 1) * (1 - OUTLYING))] ?? lowest;
  return usual + (usual - lowest) * 0.15;
}
