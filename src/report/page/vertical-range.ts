/** @file Which values a chart of the page shows. */

import { type AxisRange, lossRange, tickedRange } from '../figure/axis-range.ts';
import type { PageChart, PageCurve, PageData } from '../page-data.ts';
import type { Series } from '../series/curves.ts';
import { points, shownCurves, shownExtent, type View } from './view.ts';

/** The range of what is zoomed to; of a whole falling curve without its steep start. With no run switched on, that of all. */
export function verticalRange(chart: PageChart, data: PageData, view: View): AxisRange {
  const [from, to] = shownExtent(data, view);
  const within = (curve: PageCurve): Series => {
    const shown = points(curve, data, view).filter(([x, y]) => x >= from && x <= to && y !== null);
    return { steps: shown.map(([x]) => x), values: shown.map(([, y]) => y ?? Number.NaN) };
  };
  const switchedOn = shownCurves(chart, view);
  const curves = switchedOn.length > 0 ? switchedOn : chart.curves;
  const noisy = curves.filter(({ role }) => role === 'steps').map(within);
  const clear = curves.filter(({ role }) => role !== 'steps').map(within);
  const references = chart.references.map(({ value }) => value);
  if (chart.range === 'falling' && view.start === 0 && view.scale === 'linear')
    return lossRange(clear, noisy, references);
  const values = [...clear, ...noisy].flatMap((series) => series.values);
  if (chart.range === 'from zero') return tickedRange([0, ...values]);
  return tickedRange(chart.range === 'falling' ? values : [...values, ...references]);
}
