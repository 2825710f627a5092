/** @file What stands beside the pointer: the step, and every curve's value there. */

import { formatCount, formatDuration } from '../../support/format.ts';
import { formatTokens } from '../figure/horizontal.ts';
import { formatMeasured } from '../figure/number-format.ts';
import type { Palette } from '../figure/palette.ts';
import type { PageChart, PageCurve, PageData } from '../page-data.ts';
import { element } from './element.ts';
import { colourIndex, roleName } from './legend.ts';
import { swatch } from './swatch.ts';
import { tooltipPlace } from './tooltip-place.ts';
import { nearestValue, shownCurves, shownExtent, type View } from './view.ts';

/** Rows in a column of many; as many columns stand side by side as have room. */
const MAX_ROWS = 16;
/** Distinct places of the pointer, about one a pixel. */
const POINTER_PLACES = 1000;

interface Pointed {
  readonly value: readonly [number, number | null];
}

/**
 * ECharts' tooltip for a chart; it follows the pointer and the finger. (By itself it would show only the curves that have a point
 * at the very step.)
 */
export function tooltip(chart: PageChart, data: PageData, view: View, palette: Palette) {
  return {
    trigger: 'axis',
    position: (
      pointer: [number, number],
      _: unknown,
      dom: HTMLElement,
      __: unknown,
      { contentSize, viewSize }: { readonly contentSize: [number, number]; readonly viewSize: [number, number] },
    ) => {
      const { top, bottom } = (dom.parentElement ?? dom).getBoundingClientRect();
      return tooltipPlace(pointer, contentSize, viewSize, { above: top, below: innerHeight - bottom });
    },
    transitionDuration: 0,
    backgroundColor: palette.background,
    borderColor: palette.axis,
    textStyle: { color: palette.text },
    formatter: (pointed: readonly Pointed[]): HTMLElement => {
      const x = pointed[0]?.value[0] ?? 0;
      const valueAt = (curve: PageCurve): number | null => nearestValue(curve, x, data, view);
      const curves = shownCurves(chart, view);
      const tables =
        data.runs.length === 1
          ? [element('table', {}, ...curveRows(curves, chart, data, valueAt))]
          : runTables(curves, chart, data, valueAt);
      const head = element('strong', {}, place(x, data, view));
      return element('div', { class: 'tooltip' }, head, element('div', { class: 'columns' }, ...tables));
    },
  };
}

type ValueAt = (curve: PageCurve) => number | null;

/** A row for each curve of one run. */
function curveRows(curves: readonly PageCurve[], chart: PageChart, data: PageData, valueAt: ValueAt): HTMLElement[] {
  return curves.flatMap((curve) => {
    const value = valueAt(curve);
    if (value === null) return [];
    const name = element('th', {}, swatch(colourIndex(curve, data), curve.role), roleName(curve, chart));
    return [element('tr', {}, name, element('td', {}, valueText(value, chart)))];
  });
}

/** A row for each of several runs, a column for its mean and for its validation; many runs in tables of equal lengths. */
function runTables(
  curves: readonly PageCurve[],
  chart: PageChart,
  { runs }: PageData,
  valueAt: ValueAt,
): HTMLElement[] {
  const roles = (['course', 'validation'] as const).filter((role) => curves.some((curve) => curve.role === role));
  const rows = runs.flatMap(({ shortName }, run) => {
    const values = roles.map((role) => {
      const curve = curves.find((candidate) => candidate.run === run && candidate.role === role);
      return curve ? valueAt(curve) : null;
    });
    if (values.every((value) => value === null)) return [];
    const cells = values.map((value) => element('td', {}, value === null ? '' : valueText(value, chart)));
    return [element('tr', {}, element('th', {}, swatch(run), shortName), ...cells)];
  });
  const heads = (): HTMLElement[] =>
    roles.length < 2
      ? []
      : [
          element(
            'tr',
            {},
            element('th'),
            ...roles.map((role) => element('td', { class: 'muted' }, roleName({ role }, chart))),
          ),
        ];
  const columns = Math.ceil(rows.length / MAX_ROWS);
  const length = Math.ceil(rows.length / columns);
  return Array.from({ length: columns }, (_, column) =>
    element('table', {}, ...heads(), ...rows.slice(column * length, (column + 1) * length)),
  );
}

/** `step 5,000, 2.62 B tokens`: tokens as exact as the pointer. */
function place(x: number, data: PageData, view: View): string {
  const [from, to] = shownExtent(data, view);
  const distance = (to - from) / POINTER_PLACES;
  if (view.unit === 'time') return `${formatDuration(x)} of training`;
  if (view.unit === 'tokens') return `${formatTokens(x, distance)} tokens`;
  const sizes = new Set(data.runs.map(({ tokensPerStep }) => tokensPerStep));
  const [size] = sizes.size === 1 ? sizes : [];
  return `step ${formatCount(x)}${size ? `, ${formatTokens(x * size, distance * size)} tokens` : ''}`;
}

function valueText(value: number, { format }: PageChart): string {
  if (format === 'percent') return `${formatMeasured(100 * value, 2)} %`;
  if (format === 'count') return formatCount(value);
  return format === 'exponential' ? value.toExponential(3) : formatMeasured(value, 4);
}
