/** @file The controls above the charts: which axis, which part, which runs. Native buttons, so keys and readers work. */

import type { PageData } from '../page-data.ts';
import type { ChartBoard } from './chart-board.ts';
import { element } from './element.ts';
import { swatch } from './swatch.ts';
import type { View } from './view.ts';

/** Parts of the axis worth a button. */
const PARTS = [
  { name: 'whole run', start: 0 },
  { name: 'last half', start: 50 },
  { name: 'last tenth', start: 90 },
] as const;

/** Fills the place with controls for the charts. */
export function addControls(place: HTMLElement, data: PageData, board: ChartBoard): void {
  const units: (readonly [string, Partial<View>])[] = [['steps', { unit: 'steps' }]];
  if (data.runs.every(({ tokensPerStep }) => tokensPerStep !== null)) units.push(['tokens', { unit: 'tokens' }]);
  if (data.runs.every(({ times }) => times !== null)) units.push(['time', { unit: 'time' }]);
  if (units.length > 1) place.append(choice(board, 'Axis', units));
  // a logarithmic axis begins at step 1
  if (data.runs.some(({ lastStep }) => lastStep > 1))
    place.append(
      choice(board, 'Scale', [
        ['linear', { scale: 'linear' }],
        ['log', { scale: 'log' }],
      ]),
    );
  place.append(
    choice(
      board,
      'Show',
      PARTS.map(({ name, start }) => [name, { start, end: 100 }]),
    ),
  );
}

/** Fills the place with a switch for each run, if there are several. */
export function addRunSwitches(place: HTMLElement, { runs }: PageData, board: ChartBoard): void {
  if (runs.length === 1) return;
  for (const [index, { name, shortName }] of runs.entries()) {
    const button = element('button', { type: 'button', 'aria-pressed': 'true', title: name }, swatch(index), shortName);
    button.addEventListener('click', () => {
      const hidden = new Set(board.view.hidden);
      if (!hidden.delete(index)) hidden.add(index);
      button.setAttribute('aria-pressed', String(!hidden.has(index)));
      board.change({ hidden });
    });
    place.append(button);
  }
}

/** Buttons of which the one that the view agrees with is pressed. */
function choice(board: ChartBoard, label: string, options: readonly (readonly [string, Partial<View>])[]): HTMLElement {
  const group = element('div', { class: 'choice', role: 'group', 'aria-label': label });
  const buttons = options.map(([name, part]) => {
    const button = element('button', { type: 'button' }, name);
    button.addEventListener('click', () => board.change(part));
    group.append(button);
    return { button, part };
  });
  const mark = (view: View): void => {
    for (const { button, part } of buttons) {
      const agrees = Object.entries(part).every(([key, value]) => view[key as keyof View] === value);
      button.setAttribute('aria-pressed', String(agrees));
    }
  };
  mark(board.view);
  board.onChange(mark);
  return group;
}
