/** @file What stands beside the pointer: the step, and every curve's value there. */

import { formatCount } from '../../support/format.ts';
import { formatTokens } from '../horizontal.ts';
import type { PageChart, PageData } from '../page-data.ts';
import type { Palette } from '../palette.ts';
import { element } from './element.ts';
import type { View } from './view.ts';

interface Pointed {
  readonly seriesName: string;
  readonly color: string;
  readonly value: readonly [number, number | null];
}

/** ECharts' tooltip for a chart; it follows the pointer and the finger, and stays inside the chart. */
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
      const rows = pointed.flatMap(({ seriesName, color, value: [, y] }) => {
        if (y === null || y === undefined) return [];
        const swatch = element('span', { class: 'swatch' });
        swatch.style.background = color;
        return [element('tr', {}, element('th', {}, swatch, seriesName), element('td', {}, valueText(y, chart)))];
      });
      return element(
        'div',
        { class: 'tooltip' },
        element('strong', {}, place(x, data, view)),
        element('table', {}, ...rows),
      );
    },
  };
}

/** `step 5,000, 2.6 B tokens`. */
function place(x: number, { runs }: PageData, { unit }: View): string {
  if (unit === 'tokens') return `${formatTokens(x)} tokens`;
  const sizes = new Set(runs.map(({ tokensPerStep }) => tokensPerStep));
  const [size] = sizes.size === 1 ? sizes : [];
  return `step ${formatCount(x)}${size ? `, ${formatTokens(x * size)} tokens` : ''}`;
}

function valueText(value: number, { format }: PageChart): string {
  if (format === 'percent') return `${(100 * value).toFixed(1)} %`;
  if (format === 'count') return formatCount(value);
  return format === 'exponential' ? value.toExponential(3) : value.toFixed(4);
}
