/** @file Turns the columns of runs into the data that uPlot draws. */

import uPlot from 'uplot';

/** One curve of a chart. */
export interface Curve {
  readonly label: string;
  /** The name of a custom property (run-colours.ts). */
  readonly colour: string;
  /** Where its values are on the axis, ascending. */
  readonly places: readonly number[];
  readonly values: readonly (number | null)[];
  /** Drawn behind another curve: thin, pale, not in the legend. */
  readonly isFaint?: boolean;
  readonly isThin?: boolean;
  readonly isDashed?: boolean;
  /** Measured only now and then: each measurement is marked, and a line joins them. */
  readonly isSparse?: boolean;
  /** Whether the legend shows its value in the entry of the previous curve. */
  readonly sharesLegendEntry?: boolean;
}

/** The values of a curve at a list of places: null where one is missing, undefined where only other curves have one. */
export type DrawnColumn = readonly (number | null | undefined)[];

/** Curves over a common list of places. A logarithmic chart drops values that are not positive. */
export function alignedData(curves: readonly Curve[], isLogarithmic: boolean): uPlot.AlignedData {
  const tables = curves.map(
    ({ places, values }): uPlot.AlignedData => [
      places as number[],
      isLogarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : (values as number[]),
    ],
  );
  const [first, ...others] = tables;
  if (first === undefined) return [[]];
  if (others.every(([places]) => places === first[0]))
    return [first[0], ...tables.map(([, values]) => values ?? [])] as uPlot.AlignedData;
  return uPlot.join(tables);
}

/** The last value of a curve. */
export function lastValue(values: DrawnColumn): number | undefined {
  return values.findLast((value) => value !== null && value !== undefined) ?? undefined;
}

/** The value of a curve at an index, or the last one before it; undefined after the end of the curve. */
export function valueAt(values: DrawnColumn, index: number): number | undefined {
  const isAfterEnd = values.findLastIndex((value) => value !== undefined) < index;
  return isAfterEnd ? undefined : lastValue(values.slice(0, index + 1));
}

/** The indices of values that no line shows, because both neighbours are missing. */
export function isolatedIndices(values: DrawnColumn): number[] {
  const isolated: number[] = [];
  // the values since the last missing one
  let [count, last] = [0, 0];
  // by number: `entries()` makes a pair for each value, at each drawing
  for (let index = 0; index <= values.length; index++) {
    const value = index < values.length ? values[index] : null;
    if (value === undefined) continue;
    if (value === null && count === 1) isolated.push(last);
    [count, last] = value === null ? [0, last] : [count + 1, index];
  }
  return isolated;
}

/** The part of the values that a chart shows: of a falling curve all but high outliers, or all. */
export type ShownRange = 'falling' | 'all';

/** The most values that are sorted to find outliers. */
const MAX_SORTED = 4000;
/** The share of values that may lie above the chart, if they are far from the rest. */
const OUTLIER_SHARE = 0.02;
const PADDING = 0.08;
/** The least span of an axis as a share of its values: less is rounding error. */
const MIN_SPAN = 1e-3;

/**
 * The range of an axis over the indices `from` to `to`. A few high outliers of a falling curve may lie above it: the first
 * steps of a loss would flatten the rest of its curve.
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
  const span = Math.max(top - lowest, Math.abs(top) * MIN_SPAN) || 1;
  const middle = (lowest + top) / 2;
  const low = middle - span * (0.5 + PADDING);
  return [lowest >= 0 ? Math.max(0, low) : low, middle + span * (0.5 + PADDING)];
}

/** A little above all values but the outliers. */
function usualTop(values: readonly number[], lowest: number): number {
  const stride = Math.ceil(values.length / MAX_SORTED);
  const sorted = values.filter((_, index) => index % stride === 0).sort((a, b) => a - b);
  const usual = sorted[Math.floor((sorted.length - 1) * (1 - OUTLIER_SHARE))] ?? lowest;
  return usual + (usual - lowest) * 0.15;
}
