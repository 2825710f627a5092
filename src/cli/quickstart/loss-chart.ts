/** @file The loss of a run as a curve for the terminal. */

import plot from 'simple-ascii-chart';

const HEIGHT = 12;
const WIDEST = 72;
/** What stands left of the curve: figures and the axis. */
const MARGIN = 8;

/** The curve of (step, loss) points, averaged to one point a column. */
export function lossChart(points: readonly (readonly [step: number, loss: number])[], columns = WIDEST): string {
  const width = Math.min(WIDEST, columns) - MARGIN;
  const each = Math.max(1, Math.ceil(points.length / width));
  const averaged: [number, number][] = [];
  for (let start = 0; start < points.length; start += each) {
    const part = points.slice(start, start + each);
    const mean = (index: 0 | 1): number => part.reduce((sum, point) => sum + point[index], 0) / part.length;
    averaged.push([mean(0), mean(1)]);
  }
  const last = points.at(-1)?.[0] ?? 0;
  return plot(averaged, {
    width,
    height: HEIGHT,
    title: 'training loss',
    hideXAxisTicks: true,
    xLabel: `steps 0 to ${last}`,
    formatter: (value) => value.toFixed(2),
  });
}
