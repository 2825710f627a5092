/** @file A chart of the page as ECharts options. */

import type { LineSeriesOption } from 'echarts/charts';
import type { EChartsCoreOption } from 'echarts/core';
import type { AxisRange } from '../figure/axis-range.ts';
import { formatTokens } from '../figure/horizontal.ts';
import { formatExponential, tickFormat } from '../figure/number-format.ts';
import { PALETTES, type Palette, runColour, runDash, type Theme } from '../figure/palette.ts';
import type { PageChart, PageCurve, PageData } from '../page-data.ts';
import { horizontalTicks } from './horizontal-ticks.ts';
import { colourIndex, roleName } from './legend.ts';
import { type Plot, referenceLine } from './reference-line.ts';
import { tooltip } from './tooltip.ts';
import { verticalRange } from './vertical-range.ts';
import { extent, points, shownCurves, shownExtent, type View } from './view.ts';

const STROKES = {
  steps: { width: 0.8, opacity: 0.3 },
  course: { width: 1.6, opacity: 1 },
  validation: { width: 2.4, opacity: 1 },
} as const;

/** Points up to which each is marked. */
const MAX_MARKED_POINTS = 40;

/** A chart as it is to be drawn. */
export interface Drawing {
  readonly chart: PageChart;
  readonly data: PageData;
  readonly view: View;
  readonly theme: Theme;
  /** Whether the slider is under it. */
  readonly hasSlider: boolean;
  /** Of the whole, in pixels. */
  readonly size: { readonly width: number; readonly height: number };
}

/** Pixels around the plot; at its right half the label of a tick at its end. */
function margins(hasSlider: boolean) {
  return { left: 52, right: 26, top: 12, bottom: hasSlider ? 74 : 32 };
}

/** The whole chart. */
export function chartOption(drawing: Drawing): EChartsCoreOption {
  const { chart, data, view, theme, hasSlider } = drawing;
  const palette = PALETTES[theme];
  const [min, max] = extent(data, view);
  const curves = shownCurves(chart, view);
  const vertical = verticalRange(chart, data, view);
  const labels = { color: palette.muted, fontSize: 12 };
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit' },
    grid: margins(hasSlider),
    xAxis: {
      type: view.scale === 'log' ? 'log' : 'value',
      min,
      max,
      axisLine: { onZero: false, lineStyle: { color: palette.axis } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisPointer: { show: true, type: 'line', label: { show: false }, lineStyle: { color: palette.axis } },
      axisLabel: {
        ...labels,
        ...tickLabels(data, view),
        hideOverlap: true,
      },
    },
    yAxis: {
      type: 'value',
      ...vertical,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: palette.grid } },
      axisLabel: { ...labels, formatter: axisFormatter(chart, vertical) },
    },
    tooltip: tooltip(chart, data, view, palette),
    dataZoom: zooms(view, palette, hasSlider),
    series: [...curves.map((curve) => line(curve, drawing)), ...references(drawing, vertical)],
  };
}

/** What a zoom or another size changes. */
export function zoomOption(drawing: Drawing): EChartsCoreOption {
  const { chart, data, view, theme, hasSlider } = drawing;
  const { start, end } = view;
  const vertical = verticalRange(chart, data, view);
  return {
    xAxis: { axisLabel: tickLabels(data, view) },
    yAxis: { ...vertical, axisLabel: { formatter: axisFormatter(chart, vertical) } },
    tooltip: tooltip(chart, data, view, PALETTES[theme]),
    series: references(drawing, vertical),
    dataZoom: hasSlider
      ? [
          { start, end },
          { start, end },
        ]
      : [{ start, end }],
  };
}

function line(curve: PageCurve, { chart, data, view, theme }: Drawing): LineSeriesOption {
  const index = colourIndex(curve, data);
  const colour = runColour(PALETTES[theme], index);
  const { width, opacity } = STROKES[curve.role];
  return {
    type: 'line',
    name: `${data.runs[curve.run]?.name}, ${roleName(curve, chart)}`,
    data: points(curve, data, view),
    showSymbol: curve.steps.length <= MAX_MARKED_POINTS,
    symbol: 'circle',
    symbolSize: 2 * width + 1,
    sampling: 'minmax',
    emphasis: { disabled: true },
    itemStyle: { color: colour },
    lineStyle: { color: colour, type: runDash(index), width, opacity, join: 'round' },
    z: curve.role === 'steps' ? 2 : 3,
  };
}

/** What OpenAI's models reach, named where the shown curves are not: losses fall away from the right, accuracies from the left. */
function references(drawing: Drawing, vertical: AxisRange): LineSeriesOption[] {
  const { chart, theme } = drawing;
  const preferred = chart.range === 'falling' ? 'right' : 'left';
  const plot = layOutPlot(drawing, vertical);
  return chart.references.map((line) => referenceLine(line, vertical, plot, preferred, PALETTES[theme]));
}

/** The plotted rectangle, and the curves in it but the faint ones. */
function layOutPlot({ chart, data, view, size, hasSlider }: Drawing, { min, max }: AxisRange): Plot {
  const { left, right, top, bottom } = margins(hasSlider);
  const width = size.width - left - right;
  const height = size.height - top - bottom;
  const place = view.scale === 'log' ? Math.log : (x: number): number => x;
  const [from, to] = shownExtent(data, view).map(place) as [number, number];
  const paths = shownCurves(chart, view)
    .filter(({ role }) => role !== 'steps')
    .map((curve) =>
      points(curve, data, view).map(([x, y]): [number, number] => [
        left + (width * (place(x) - from)) / (to - from),
        top + (height * (max - (y ?? Number.NaN))) / (max - min),
      ]),
    );
  return { left, top, width, height, paths };
}

/** Wheel with Ctrl and two fingers in every chart, so that the page still scrolls; one slider for all. */
function zooms({ start, end }: View, palette: Palette, hasSlider: boolean) {
  const { left, right } = margins(hasSlider);
  const inside = {
    type: 'inside',
    start,
    end,
    filterMode: 'none',
    zoomOnMouseWheel: 'ctrl',
    moveOnMouseMove: 'shift',
    moveOnMouseWheel: false,
    preventDefaultMouseMove: false,
  };
  const slider = {
    type: 'slider',
    start,
    end,
    filterMode: 'none',
    bottom: 18,
    height: 12,
    handleSize: '190%',
    left,
    right,
    showDetail: false,
    brushSelect: false,
    borderColor: 'transparent',
    backgroundColor: palette.grid,
    fillerColor: `${palette.axis}66`,
    showDataShadow: false,
    handleStyle: { color: palette.background, borderColor: palette.muted },
    moveHandleSize: 0,
  };
  return hasSlider ? [inside, slider] : [inside];
}

/** Of the part of the horizontal axis that is shown. */
function tickLabels(data: PageData, view: View) {
  const { values, format } = horizontalTicks(shownExtent(data, view), view);
  return { customValues: values, formatter: format };
}

/** Writes the ticks of the vertical axis. */
function axisFormatter({ format }: PageChart, { min, max, interval }: AxisRange): (value: number) => string {
  if (format === 'count') return (value) => formatTokens(value, interval);
  if (format === 'exponential') return formatExponential;
  if (format === 'fixed') return tickFormat({ min, max, interval });
  const percent = tickFormat({ min: 100 * min, max: 100 * max, interval: 100 * interval });
  return (value) => `${percent(100 * value)} %`;
}
