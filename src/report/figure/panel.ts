/** @file One panel of the figure as ECharts options: its axes, its curves, its words. */

import type { SeriesOption } from 'echarts';
import { formatCount } from '../../support/format.ts';
import type { Reference } from '../series/references.ts';
import { text } from './figure-text.ts';
import { formatTokens } from './horizontal.ts';
import { tickFormat } from './number-format.ts';
import type { Palette } from './palette.ts';
import type { Curve, Panel } from './panel-geometry.ts';
import { panelLabels } from './panel-labels.ts';
import { referenceName } from './reference-label.ts';

/** The panel's parts of an ECharts option; `index` is that of its grid and axes. */
export function panelParts(panel: Panel, palette: Palette, index: number) {
  const { frame, vertical, references } = panel;
  const shown = references.filter((reference) => !referenceName(reference, vertical).isBeyond);
  return {
    grid: { ...frame, containLabel: false },
    xAxis: horizontalAxis(panel, palette, index),
    yAxis: verticalAxis(panel, palette, index),
    series: [
      ...shown.map((line) => referenceLine(panel, line, palette, index)),
      ...panel.curves.filter((curve) => isSeen(panel, curve)).map((curve) => line(curve, index)),
    ],
    texts: [
      text(panel.title, frame.left, frame.top - 22, { size: 14, weight: 600, fill: palette.text }),
      ...rowHeads(panel, palette),
      ...panelLabels(panel, palette),
    ],
  };
}

function horizontalAxis({ horizontal }: Panel, palette: Palette, gridIndex: number) {
  const { unit, tokensPerStep, max, interval } = horizontal;
  const label = (value: number): string => {
    // ECharts also labels the end of the axis
    if (Math.abs(value / interval - Math.round(value / interval)) > 1e-6) return '';
    if (unit === 'tokens') return formatTokens(value, interval);
    return tokensPerStep
      ? `${formatCount(value)}\n{tokens|${formatTokens(value * tokensPerStep, interval * tokensPerStep)}}`
      : formatCount(value);
  };
  return {
    gridIndex,
    type: 'value' as const,
    min: 0,
    max,
    interval,
    axisLine: { onZero: false, lineStyle: { color: palette.axis } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: {
      formatter: label,
      color: palette.text,
      fontSize: 12,
      lineHeight: 17,
      margin: 10,
      hideOverlap: true,
      rich: { tokens: { color: palette.muted, fontSize: 12, lineHeight: 17 } },
    },
  };
}

function verticalAxis({ vertical }: Panel, palette: Palette, gridIndex: number) {
  return {
    gridIndex,
    type: 'value' as const,
    ...vertical,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: palette.grid } },
    axisLabel: {
      formatter: tickFormat(vertical),
      color: palette.text,
      fontSize: 12,
      margin: 10,
    },
  };
}

/** What the rows under the axis count. */
function rowHeads({ frame, horizontal }: Panel, palette: Palette) {
  const heads = horizontal.unit === 'tokens' ? ['tokens'] : horizontal.tokensPerStep ? ['step', 'tokens'] : ['step'];
  const y = frame.top + frame.height + 18;
  return heads.map((head, row) =>
    text(head, frame.left - 12, y + 17 * row, { size: 12, fill: palette.muted, align: 'right' }),
  );
}

/** Whether any of the curve is in the plot; resvg panics at what is clipped away and outside the picture. */
function isSeen({ vertical: { min, max } }: Panel, { series }: Curve): boolean {
  const values = series.values.filter(Number.isFinite);
  return values.some((value) => value >= min) && values.some((value) => value <= max);
}

function line(curve: Curve, index: number): SeriesOption {
  const { name, series, colour, dash, width, opacity, points = false } = curve;
  return {
    type: 'line',
    name,
    xAxisIndex: index,
    yAxisIndex: index,
    data: series.steps.map((step, at) => [step, series.values[at] ?? Number.NaN]),
    // no line leads to a lone point
    showSymbol: points || series.values.filter(Number.isFinite).length === 1,
    symbol: 'circle',
    symbolSize: 2 * width + 1,
    itemStyle: { color: colour, opacity: 1 },
    lineStyle: { color: colour, type: dash, width, opacity, join: 'round' },
    silent: true,
    clip: true,
  };
}

function referenceLine(
  { horizontal }: Panel,
  { name, value }: Reference,
  palette: Palette,
  index: number,
): SeriesOption {
  return {
    type: 'line',
    name: `${name} ${value}`,
    xAxisIndex: index,
    yAxisIndex: index,
    data: [
      [0, value],
      [horizontal.max, value],
    ],
    showSymbol: false,
    lineStyle: { color: palette.reference, width: 1.25, type: [5, 4] },
    silent: true,
  };
}
