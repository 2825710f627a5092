/** @file What stands beside the pointer: the step, and every curve's value there. */

import { formatCount } from '../../support/format.ts';
import { formatTokens } from '../horizontal.ts';
import type { PageChart, PageData } from '../page-data.ts';
import { type Palette, runColour } from '../palette.ts';
import { element } from './element.ts';
import { colourIndex, curveName } from './legend.ts';
import { nearestValue, shownCurves, shownExtent, type View } from './view.ts';

/** Places of the pointer that are told apart, about one a pixel. */
const POINTER_PLACES = 1000;

interface Pointed {
  readonly value: readonly [number, number | null];
}

/**
 * ECharts' tooltip for a chart; it follows the pointer and the finger, and stays inside the chart. (By itself it would show only the
 * curves that have a point at the very step.)
 */
export function tooltip(chart: PageChart, data: PageData, view: View, palette: Palette) {
  return {
    trigger: 'axis',
    confine: true,
    transitionDuration: 0,
    backgroundColor: palette.background,
    borderColor: palette.axis,
    textStyle: { color: palette.text, fontSize: 13 },
    formatter: (pointed: readonly Pointed[]): HTMLElement => {
      const x = pointed[0]?.value[0] ?? 0;
      const rows = shownCurves(chart, view).flatMap((curve) => {
        const value = nearestValue(curve, x, data, view);
        if (value === null) return [];
        const swatch = element('span', { class: `swatch ${curve.role}` });
        swatch.style.background = runColour(palette, colourIndex(curve, data));
        const name = element('th', {}, swatch, curveName(curve, chart, data));
        return [element('tr', {}, name, element('td', {}, valueText(value, chart)))];
      });
      const head = element('strong', {}, place(x, data, view));
      return element('div', { class: 'tooltip' }, head, element('table', {}, ...rows));
    },
  };
}

/** `step 5,000, 2.62 B tokens`: tokens as exact as the pointer. */
function place(x: number, data: PageData, view: View): string {
  const [from, to] = shownExtent(data, view);
  const distance = (to - from) / POINTER_PLACES;
  if (view.unit === 'tokens') return `${formatTokens(x, distance)} tokens`;
  const sizes = new Set(data.runs.map(({ tokensPerStep }) => tokensPerStep));
  const [size] = sizes.size === 1 ? sizes : [];
  return `step ${formatCount(x)}${size ? `, ${formatTokens(x * size, distance * size)} tokens` : ''}`;
}

function valueText(value: number, { format }: PageChart): string {
  if (format === 'percent') return `${(100 * value).toFixed(1)} %`;
  if (format === 'count') return formatCount(value);
  return format === 'exponential' ? value.toExponential(3) : value.toFixed(4);
}
