/** @file Which colour is what, beside a chart's heading. */

import type { PageChart, PageCurve, PageData } from '../page-data.ts';
import { element } from './element.ts';

/** A chart of one run tells its curves apart by colour, one of several its runs, which the controls name. */
export function colourIndex({ run, role }: PageCurve, { runs }: PageData): number {
  return runs.length === 1 && role === 'validation' ? 1 : run;
}

const ROLE_NAMES = { steps: 'each step', course: 'training', validation: 'validation' } as const;

/** The name of a curve in legend and tooltip. */
export function curveName(curve: PageCurve, chart: PageChart, { runs }: PageData): string {
  const hasValidation = chart.curves.some(({ role }) => role === 'validation');
  const hasSteps = chart.curves.some(({ role }) => role === 'steps');
  const role = hasValidation && hasSteps ? ROLE_NAMES[curve.role] : curve.role === 'steps' ? 'each step' : 'mean';
  if (runs.length === 1) return hasSteps ? role : chart.title;
  return hasSteps ? `${runs[curve.run]?.name}, ${role}` : (runs[curve.run]?.name ?? '');
}

/** Swatches of the curves of one run; several are in the controls. */
export function legend(chart: PageChart, data: PageData): HTMLElement {
  const list = element('ul', { class: 'legend' });
  if (data.runs.length > 1 || chart.curves.length < 2) return list;
  for (const curve of chart.curves) {
    const swatch = element('span', { class: `swatch ${curve.role}` });
    swatch.style.background = `var(--run-${colourIndex(curve, data)})`;
    list.append(element('li', {}, swatch, curveName(curve, chart, data)));
  }
  return list;
}
