/** @file Which colour is what, beside the heading of a chart of one run. */

import type { PageChart, PageCurve, PageData } from '../page-data.ts';
import { element } from './element.ts';
import { swatch } from './swatch.ts';

/** In a chart of one run colours distinguish its curves; in a chart of several, its runs, which the controls name. */
export function colourIndex({ run, role }: PageCurve, { runs }: PageData): number {
  return runs.length === 1 && role === 'validation' ? 1 : run;
}

/** What a curve shows of its run. */
export function roleName({ role }: Pick<PageCurve, 'role'>, { title, curves }: PageChart): string {
  if (role === 'steps') return 'each step';
  if (role === 'validation') return curves.some((curve) => curve.role === 'steps') ? 'validation' : title;
  if (curves.some((curve) => curve.role === 'validation')) return 'training';
  return curves.some((curve) => curve.role === 'steps') ? 'mean' : title;
}

/** Swatches of the curves of one run; several are in the controls. */
export function legend(chart: PageChart, data: PageData): HTMLElement {
  const list = element('ul', { class: 'legend' });
  if (data.runs.length > 1 || chart.curves.length < 2) return list;
  for (const curve of chart.curves)
    list.append(element('li', {}, swatch(colourIndex(curve, data), curve.role), roleName(curve, chart)));
  return list;
}
