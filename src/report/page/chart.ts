/** @file One chart of the page: its heading, its legend, and an ECharts instance under them. */

import { LineChart } from 'echarts/charts';
import {
  DataZoomInsideComponent,
  DataZoomSliderComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Theme } from '../figure/palette.ts';
import type { PageChart, PageData } from '../page-data.ts';
import { chartOption, type Drawing, zoomOption } from './chart-option.ts';
import { element } from './element.ts';
import { legend } from './legend.ts';
import type { View } from './view.ts';

use([
  LineChart,
  DataZoomInsideComponent,
  DataZoomSliderComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
  SVGRenderer,
]);

/** The first chart carries the slider for all. */
const SLIDER_HEIGHT = 42;

export class Chart {
  readonly #chart: PageChart;
  readonly #data: PageData;
  readonly #canvas: HTMLElement;
  readonly #instance: ECharts;
  readonly #hasSlider: boolean;
  #drawn: { readonly view: View; readonly theme: Theme } | undefined;

  /** @param zoomed is called when the user zooms in this chart */
  constructor(place: HTMLElement, chart: PageChart, data: PageData, zoomed: (start: number, end: number) => void) {
    this.#chart = chart;
    this.#data = data;
    this.#hasSlider = chart === data.charts[0];
    const { title, note } = chart;
    const description = `${title}; arrow keys move, plus and minus zoom, 0 shows all`;
    this.#canvas = element('div', { class: 'canvas', tabindex: '0', role: 'img', 'aria-label': description });
    if (this.#hasSlider) this.#canvas.style.height = `calc(var(--chart-height) + ${SLIDER_HEIGHT}px)`;
    const heading = element('h2', {}, title, ...(note ? [element('small', {}, ` ${note}`)] : []));
    place.append(element('figure', {}, element('figcaption', {}, heading, legend(chart, data)), this.#canvas));
    keepPageScrolling(this.#canvas);
    this.#instance = init(this.#canvas, null, { renderer: 'svg' });
    // its place changes with the window, and with the charts that come beside it
    new ResizeObserver(() => this.#resize()).observe(this.#canvas);
    this.#instance.on('datazoom', () => {
      const [zoom] = (this.#instance.getOption() as { dataZoom: { start: number; end: number }[] }).dataZoom;
      if (zoom) zoomed(zoom.start, zoom.end);
    });
  }

  /** Draws what the view shows; the theme stays unless one is given. */
  draw(view: View, theme: Theme = this.#drawn?.theme ?? 'light'): void {
    const isZoom =
      this.#drawn?.theme === theme &&
      this.#drawn.view.unit === view.unit &&
      this.#drawn.view.scale === view.scale &&
      this.#drawn.view.hidden === view.hidden;
    this.#drawn = { view, theme };
    if (isZoom) this.#instance.setOption(zoomOption(this.#drawing(view, theme)));
    else this.#instance.setOption(chartOption(this.#drawing(view, theme)), true);
  }

  #resize(): void {
    this.#instance.resize();
    if (this.#drawn) this.draw(this.#drawn.view);
  }

  #drawing(view: View, theme: Theme): Drawing {
    const size = { width: this.#instance.getWidth(), height: this.#instance.getHeight() };
    return { chart: this.#chart, data: this.#data, view, theme, hasSlider: this.#hasSlider, size };
  }
}

/** ECharts stops the wheel over a chart even where it only zooms with Ctrl; without Ctrl it never learns of it. */
function keepPageScrolling(canvas: HTMLElement): void {
  const pass = (event: Event): void => {
    if (!(event as WheelEvent).ctrlKey) event.stopPropagation();
  };
  for (const type of ['wheel', 'mousewheel']) canvas.addEventListener(type, pass, { capture: true, passive: true });
}
