/** @file The piece of a run's line that stands before its name. */

import { isDashed } from '../figure/palette.ts';
import type { Role } from '../page-data.ts';
import { element } from './element.ts';

/** In the colour of the run at `index`, as faint as a curve of that role. */
export function swatch(index: number, role: Role = 'course'): HTMLElement {
  const dash = isDashed(index) ? ' dashed' : '';
  const made = element('span', { class: `swatch ${role}${dash}` });
  made.style.background = `var(--run-${index})`;
  return made;
}
