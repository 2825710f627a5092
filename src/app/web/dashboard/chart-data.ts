/** @file From the columns of runs to what uPlot draws. */

import uPlot from 'uplot';

type Column = readonly (number | null)[];

/** One curve of a chart. */
export interface Curve {
  readonly label: string;
  /** The name of a custom property of the style sheet. */
  readonly colour: string;
  readonly steps: readonly number[];
  readonly values: Column;
  /** In the background of another curve: thin, pale, not in the legend. */
  readonly isFaint?: boolean;
  /** Measured now and then: each measurement is marked. */
  readonly isSparse?: boolean;
  readonly isDashed?: boolean;
}

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

/** The value of a curve at a place, or the last one before it. */
export function valueAt(values: ArrayLike<number | null | undefined>, place: number): number | undefined {
  for (let index = Math.min(place, values.length - 1); index >= 0; index--) {
    const value = values[index];
    if (value !== null && value !== undefined) return value;
  }
  return undefined;
}

/** Of so many values at most the range is found. */
const MOST_SORTED = 4000;
/** The share of the largest values that may leave the chart, where they lie far from the rest. */
const OUTLYING = 0.02;
const PADDING = 0.08;

/**
 * The range of an axis that shows all but a few outlying high values: the first steps of a loss would press the rest of its
 * curve flat.
 */
export function fittingRange(
  columns: readonly ArrayLike<number | null | undefined>[],
  from: number,
  to: number,
): [number, number] {
  const values: number[] = [];
  const stride = Math.max(1, Math.ceil(((to - from + 1) * columns.length) / MOST_SORTED));
  let highest = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const column of columns) {
    for (let index = from; index <= to; index++) {
      const value = column[index];
      if (value === null || value === undefined) continue;
      highest = Math.max(highest, value);
      lowest = Math.min(lowest, value);
      if (index % stride === 0) values.push(value);
    }
  }
  if (highest < lowest) return [0, 1];
  values.sort((a, b) => a - b);
  const usual = values[Math.floor((values.length - 1) * (1 - OUTLYING))] ?? highest;
  const top = Math.min(highest, usual + (usual - lowest) * 0.15);
  const padding = (top - lowest || Math.abs(top) || 1) * PADDING;
  return [lowest >= 0 ? Math.max(0, lowest - padding) : lowest - padding, top + padding];
}
