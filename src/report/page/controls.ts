/** @file The controls above the charts: which runs, which axis, which part. Native buttons, so keys and readers work. */

import type { PageData } from '../page-data.ts';
import type { ChartBoard } from './chart-board.ts';
import { element } from './element.ts';
import type { View } from './view.ts';

/** Parts of the axis worth a button. */
const PARTS = [
  { name: 'whole run', start: 0 },
  { name: 'last half', start: 50 },
  { name: 'last tenth', start: 90 },
] as const;

/** Fills the place with controls for the charts. */
export function addControls(place: HTMLElement, data: PageData, board: ChartBoard): void {
  if (data.runs.length > 1) place.append(runSwitches(data, board));
  if (data.runs.every(({ tokensPerStep }) => tokensPerStep !== null))
    place.append(
      choice(board, 'Axis', [
        ['steps', { unit: 'steps' }],
        ['tokens', { unit: 'tokens' }],
      ]),
    );
  place.append(
    choice(board, 'Scale', [
      ['linear', { scale: 'linear' }],
      ['log', { scale: 'log' }],
    ]),
    choice(
      board,
      'Show',
      PARTS.map(({ name, start }) => [name, { start, end: 100 }]),
    ),
  );
}

function runSwitches({ runs }: PageData, board: ChartBoard): HTMLElement {
  const group = element('div', { class: 'runs', role: 'group', 'aria-label': 'Runs' });
  for (const [index, { name }] of runs.entries()) {
    const swatch = element('span', { class: 'swatch' });
    swatch.style.background = `var(--run-${index})`;
    const button = element('button', { type: 'button', 'aria-pressed': 'true' }, swatch, name);
    button.addEventListener('click', () => {
      const hidden = new Set(board.view.hidden);
      if (!hidden.delete(index)) hidden.add(index);
      button.setAttribute('aria-pressed', String(!hidden.has(index)));
      board.change({ hidden });
    });
    group.append(button);
  }
  return group;
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
