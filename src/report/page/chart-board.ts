/** @file All charts of the page, which share their axis: a zoom, a hidden run, a change of theme concerns every one. */

import type { Theme } from '../figure/palette.ts';
import type { PageData } from '../page-data.ts';
import { Chart } from './chart.ts';
import { firstView, type View } from './view.ts';

/** What a key does to the charts: the share of the visible range to move by, or the factor to narrow it by. */
const PAN: Readonly<Record<string, number>> = { ArrowLeft: -0.2, ArrowRight: 0.2 };
const ZOOM: Readonly<Record<string, number>> = { '+': 0.5, '=': 0.5, '-': 2 };
const NARROWEST_PERCENT = 0.2;

export class ChartBoard {
  readonly #charts: readonly Chart[];
  readonly #listeners: ((view: View) => void)[] = [];
  #view: View;

  constructor(place: HTMLElement, data: PageData) {
    this.#view = firstView(data);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const theme = (): Theme => (dark.matches ? 'dark' : 'light');
    this.#charts = data.charts.map((chart) => new Chart(place, chart, data, (start, end) => this.zoom(start, end)));
    const draw = (): void => {
      for (const chart of this.#charts) chart.draw(this.#view, theme());
    };
    draw();
    dark.addEventListener('change', draw);
    place.addEventListener('keydown', (event) => this.#key(event));
  }

  get view(): View {
    return this.#view;
  }

  /** Calls `listener` on every change of the view. */
  onChange(listener: (view: View) => void): void {
    this.#listeners.push(listener);
  }

  /** Shows something else of the data. */
  change(part: Partial<View>): void {
    this.#view = { ...this.#view, ...part };
    for (const chart of this.#charts) chart.draw(this.#view);
    for (const listener of this.#listeners) listener(this.#view);
  }

  /** Zooms to a part of the axis, in per cent. */
  zoom(start: number, end: number): void {
    if (start === this.#view.start && end === this.#view.end) return;
    this.change({ start, end });
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { start, end } = this.#view;
    const width = end - start;
    const pan = PAN[event.key];
    const zoom = ZOOM[event.key];
    if (event.key === '0') this.zoom(0, 100);
    else if (pan !== undefined) {
      const from = Math.max(0, Math.min(100 - width, start + pan * width));
      this.zoom(from, from + width);
    } else if (zoom !== undefined) {
      // the right end stays: the end of a run is what one looks at closely
      this.zoom(Math.max(0, end - Math.max(NARROWEST_PERCENT, width * zoom)), end);
    } else return;
    event.preventDefault();
  }
}
