/** @file A chart of the page as ECharts options. */

import type { LineSeriesOption } from 'echarts/charts';
import type { EChartsCoreOption } from 'echarts/core';
import { type AxisRange, decimalsOf, lossRange, tickedRange } from '../axis-range.ts';
import type { Series } from '../curves.ts';
import { formatTokens } from '../horizontal.ts';
import type { PageChart, PageCurve, PageData } from '../page-data.ts';
import { PALETTES, type Palette, runColour, type Theme } from '../palette.ts';
import type { Reference } from '../references.ts';
import { horizontalTicks } from './horizontal-ticks.ts';
import { colourIndex, curveName } from './legend.ts';
import { tooltip } from './tooltip.ts';
import { extent, points, shownCurves, shownExtent, type View } from './view.ts';

const STROKES = {
  steps: { width: 0.8, opacity: 0.3 },
  course: { width: 1.6, opacity: 1 },
  validation: { width: 2.4, opacity: 1 },
} as const;

/** Points up to which each is marked. */
const MOST_POINTS = 40;

/** Pixels right of the plot: half the label of a tick at its end. */
const RIGHT = 26;

/** The whole chart. */
export function chartOption(
  chart: PageChart,
  data: PageData,
  view: View,
  theme: Theme,
  hasSlider: boolean,
): EChartsCoreOption {
  const palette = PALETTES[theme];
  const [min, max] = extent(data, view);
  const curves = shownCurves(chart, view);
  const vertical = verticalRange(chart, data, view);
  const labels = { color: palette.muted, fontSize: 12 };
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit' },
    grid: { left: 52, right: RIGHT, top: 12, bottom: hasSlider ? 74 : 32 },
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
    series: [
      ...curves.map((curve) => line(curve, chart, data, view, palette)),
      ...chart.references.map((line) => reference(line, chart, vertical, palette)),
    ],
  };
}

/** What a zoom changes. */
export function zoomOption(
  chart: PageChart,
  data: PageData,
  view: View,
  theme: Theme,
  hasSlider: boolean,
): EChartsCoreOption {
  const { start, end } = view;
  const palette = PALETTES[theme];
  const vertical = verticalRange(chart, data, view);
  return {
    xAxis: { axisLabel: tickLabels(data, view) },
    yAxis: { ...vertical, axisLabel: { formatter: axisFormatter(chart, vertical) } },
    tooltip: tooltip(chart, data, view, palette),
    series: chart.references.map((line) => reference(line, chart, vertical, palette)),
    dataZoom: hasSlider
      ? [
          { start, end },
          { start, end },
        ]
      : [{ start, end }],
  };
}

/** The range of what is zoomed to; of a whole falling curve without its steep start. */
function verticalRange(chart: PageChart, data: PageData, view: View): AxisRange {
  const [from, to] = shownExtent(data, view);
  const within = (curve: PageCurve): Series => {
    const shown = points(curve, data, view).filter(([x, y]) => x >= from && x <= to && y !== null);
    return { steps: shown.map(([x]) => x), values: shown.map(([, y]) => y ?? Number.NaN) };
  };
  const curves = shownCurves(chart, view);
  const noisy = curves.filter(({ role }) => role === 'steps').map(within);
  const clear = curves.filter(({ role }) => role !== 'steps').map(within);
  const references = chart.references.map(({ value }) => value);
  if (chart.range === 'falling' && view.start === 0 && view.scale === 'linear')
    return lossRange(clear, noisy, references);
  const values = [...clear, ...noisy].flatMap((series) => series.values);
  if (chart.range === 'from zero') return tickedRange([0, ...values]);
  return tickedRange(chart.range === 'falling' ? values : [...values, ...references]);
}

function line(curve: PageCurve, chart: PageChart, data: PageData, view: View, palette: Palette): LineSeriesOption {
  const colour = runColour(palette, colourIndex(curve, data));
  const { width, opacity } = STROKES[curve.role];
  return {
    type: 'line',
    name: curveName(curve, chart, data),
    data: points(curve, data, view),
    showSymbol: curve.steps.length <= MOST_POINTS,
    symbol: 'circle',
    symbolSize: 2 * width + 1,
    sampling: 'minmax',
    emphasis: { disabled: true },
    itemStyle: { color: colour },
    lineStyle: { color: colour, width, opacity, join: 'round' },
    z: curve.role === 'steps' ? 2 : 3,
  };
}

/** How a reference's name tells that its line is beyond the axis: falling curves are high at their start and low at their end. */
const BEYOND = {
  below: { arrow: '↓ ', position: 'insideStartTop' },
  within: { arrow: '', position: undefined },
  above: { arrow: '↑ ', position: 'insideEndBottom' },
} as const;

/**
 * A line across the chart, its name at the end where falling or rising curves are not; of one beyond the axis the name alone,
 * with an arrow to where it is.
 */
function reference(
  { name, value }: Reference,
  chart: PageChart,
  { min, max }: AxisRange,
  palette: Palette,
): LineSeriesOption {
  const beyond = BEYOND[value < min ? 'below' : value > max ? 'above' : 'within'];
  return {
    type: 'line',
    id: name,
    name: `${name} ${value}`,
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      // of the value that the line is drawn at; two decimals unless told
      precision: 6,
      data: [{ yAxis: Math.max(min, Math.min(max, value)) }],
      lineStyle: { color: palette.reference, width: beyond.arrow ? 0 : 1.25, type: [5, 4] },
      label: {
        formatter: `${beyond.arrow}${name}  ${value}`,
        position: beyond.position ?? labelPosition(value, chart),
        color: palette.muted,
        fontSize: 12,
        textBorderColor: palette.background,
        textBorderWidth: 4,
      },
    },
  };
}

/** Where a line's name covers no curve: falling ones leave room below its start until they cross it, and above its end after. */
function labelPosition(value: number, { range, curves }: PageChart) {
  if (range !== 'falling') return 'insideStartTop' as const;
  const clear = curves.filter(({ role }) => role !== 'steps');
  const crossings = clear.map(({ steps, values }) => {
    const first = values.findIndex((measured) => measured !== null && measured < value);
    return first < 0 ? 1 : (steps[first] ?? 0) / (steps.at(-1) ?? 1);
  });
  return Math.min(...crossings) > 0.5 ? ('insideStartBottom' as const) : ('insideEndTop' as const);
}

/** Wheel with Ctrl and two fingers in every chart, so that the page still scrolls; one slider for all. */
function zooms({ start, end }: View, palette: Palette, hasSlider: boolean) {
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
    left: 52,
    right: RIGHT,
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

/** Writes the ticks of the vertical axis, all with as many decimals. */
function axisFormatter({ format }: PageChart, { interval }: AxisRange): (value: number) => string {
  if (format === 'percent') return (value) => `${(100 * value).toFixed(decimalsOf(100 * interval))} %`;
  if (format === 'count') return (value) => formatTokens(value, interval);
  if (format === 'exponential') return (value) => (value === 0 ? '0' : value.toExponential(1).replace('.0e', 'e'));
  return (value) => value.toFixed(decimalsOf(interval));
}
