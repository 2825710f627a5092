/** @file What the model wrote as it learned: a slider over the steps, the texts of each run under it. */

import { formatSteps } from '../figure/horizontal.ts';
import type { PageData, PageRun } from '../page-data.ts';
import { element } from './element.ts';

/** Fills the place with the samples, if there are any. */
export function addSamples(place: HTMLElement, { runs }: PageData): void {
  const writing = runs.filter(({ samples }) => samples.length > 0);
  const steps = [...new Set(writing.flatMap(({ samples }) => samples.map(({ step }) => step)))].sort((a, b) => a - b);
  if (steps.length === 0) return;
  const last = steps.length - 1;
  const slider = element('input', { type: 'range', id: 'step', min: '0', max: `${last}`, value: `${last}` });
  const shownStep = element('output', { for: 'step' });
  const texts = element('div', { class: 'texts' });
  const show = (): void => {
    const step = steps[slider.valueAsNumber] ?? 0;
    shownStep.textContent = `after ${formatSteps(step)}`;
    slider.setAttribute('aria-valuetext', shownStep.textContent);
    texts.replaceChildren(...writing.map((run) => renderTexts(run, step, writing.length > 1)));
  };
  slider.addEventListener('input', show);
  show();
  const label = element('label', { for: 'step', class: 'muted' }, 'What the model writes, ');
  label.append(shownStep);
  place.append(
    element('h2', {}, 'Samples'),
    element('div', { class: 'slider' }, label, ...(last > 0 ? [slider] : [])),
    texts,
  );
}

/** The newest texts that the run had written by a step; among several runs, the run's name says where they are older. */
function renderTexts({ name, prompt, samples }: PageRun, step: number, isNamed: boolean): HTMLElement {
  const newest = samples.findLast((sample) => sample.step <= step);
  const quotes = (newest?.texts ?? []).map((text) =>
    text.startsWith(prompt)
      ? element('blockquote', {}, element('span', { class: 'muted' }, prompt), text.slice(prompt.length))
      : element('blockquote', {}, text),
  );
  const age = newest === undefined ? ', none yet' : newest.step < step ? `, after ${formatSteps(newest.step)}` : '';
  return element('div', {}, ...(isNamed ? [element('h3', {}, `${name}${age}`)] : []), ...quotes);
}
