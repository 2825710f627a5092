/** @file A chart as a picture: ECharts writes the SVG, resvg turns it into a PNG with the font that comes along. */

import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import { LineChart } from 'echarts/charts';
import { GraphicComponent, GridComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, GraphicComponent, GridComponent, MarkLineComponent, SVGRenderer]);

export const FONT_FAMILY = "Inter, system-ui, -apple-system, 'Segoe UI', sans-serif";

/** Pixels of a PNG for each of its SVG. */
const PIXEL_RATIO = 2;

const FONT_FILES = ['Inter_400Regular.ttf', 'Inter_600SemiBold.ttf'].map((file) =>
  fileURLToPath(new URL(`../fonts/${file}`, import.meta.url)),
);

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The chart as SVG. */
export function drawSvg(option: EChartsCoreOption, size: Size): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** The SVG as PNG, twice as large; no font of the system is looked at. */
export function drawPng(svg: string): Uint8Array {
  const font = { fontFiles: FONT_FILES, loadSystemFonts: false, defaultFontFamily: 'Inter' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: PIXEL_RATIO } }).render().asPng();
}
