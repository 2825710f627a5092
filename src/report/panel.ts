/** @file One panel of the figure: where it stands, its axes, and its curves with their labels at their ends. */

import type { SeriesOption } from 'echarts';
import { formatCount } from '../support/format.ts';
import type { AxisRange } from './axis-range.ts';
import type { Series } from './curves.ts';
import { formatTokens, type Horizontal } from './horizontal.ts';
import { spread } from './label-layout.ts';
import type { Palette } from './palette.ts';
import { clearest, gridCover, LABEL_HEIGHT, labelPlaces, type Path, type Side } from './reference-label.ts';
import type { Reference } from './references.ts';

/** The plotted rectangle, in pixels of the figure. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A curve of a panel. */
export interface Curve {
  readonly name: string;
  /** Steps on the panel's horizontal axis. */
  readonly series: Series;
  readonly colour: string;
  readonly width: number;
  readonly opacity: number;
  readonly points?: boolean;
  /** Stands at the curve's end. */
  readonly label?: string;
}

export interface Panel {
  readonly title: string;
  readonly frame: Frame;
  readonly horizontal: Horizontal;
  readonly vertical: AxisRange;
  readonly decimals: number;
  readonly curves: readonly Curve[];
  readonly references: readonly Reference[];
  /** Where a reference's name has room: losses fall away from the line's right end, accuracies start below its left one. */
  readonly referenceSide: Side;
}

/** Of small text, about. */
const CHARACTER_WIDTH = 6.5;
/** A curve that ends before this share of the width has its label inside the plot. */
const EARLY_SHARE = 0.9;

/** The panel's parts of an ECharts option; `index` tells its grid and axes from other panels'. */
export function panelParts(panel: Panel, palette: Palette, index: number) {
  const { frame, references } = panel;
  const shown = references.filter(({ value }) => beyond(panel, value) === undefined);
  return {
    grid: { ...frame, containLabel: false },
    xAxis: horizontalAxis(panel, palette, index),
    yAxis: verticalAxis(panel, palette, index),
    series: [
      ...shown.map((line) => referenceLine(panel, line, palette, index)),
      ...panel.curves.map((curve) => line(curve, index)),
    ],
    texts: [
      text(panel.title, frame.left, frame.top - 22, { size: 14, weight: 600, fill: palette.text }),
      ...rowHeads(panel, palette),
      ...references.flatMap((reference) => referenceLabel(panel, reference, palette)),
      ...endLabels(panel, palette),
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

function verticalAxis({ vertical, decimals }: Panel, palette: Palette, gridIndex: number) {
  return {
    gridIndex,
    type: 'value' as const,
    ...vertical,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: palette.grid } },
    axisLabel: {
      formatter: (value: number) => value.toFixed(decimals),
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

function line(curve: Curve, index: number): SeriesOption {
  const { name, series, colour, width, opacity, points = false } = curve;
  return {
    type: 'line',
    name,
    xAxisIndex: index,
    yAxisIndex: index,
    data: series.steps.map((step, at) => [step, series.values[at] ?? Number.NaN]),
    showSymbol: points,
    symbol: 'circle',
    symbolSize: 2 * width + 1,
    itemStyle: { color: colour, opacity: 1 },
    lineStyle: { color: colour, width, opacity, join: 'round' },
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

/** On which side of the panel's values one lies, undefined within them. */
function beyond({ vertical: { min, max } }: Panel, value: number): 'above' | 'below' | undefined {
  return value < min ? 'below' : value > max ? 'above' : undefined;
}

/** How a name shows where its line would be. */
const ARROWS = { above: '↑ ', below: '↓ ' };

/**
 * Above or below its line, or inside the edge that the line lies beyond, with an arrow; where it covers no curve but the faint
 * ones.
 */
function referenceLabel(panel: Panel, { name, value }: Reference, palette: Palette) {
  const { frame, vertical, referenceSide } = panel;
  const outside = beyond(panel, value);
  const content = `${outside ? ARROWS[outside] : ''}${name}  ${value}`;
  const places = labelPlaces(
    [frame.left + 8, frame.left + frame.width - 4],
    heightOf(panel, Math.max(vertical.min, Math.min(vertical.max, value))),
    CHARACTER_WIDTH * content.length,
    referenceSide,
    outside && [outside === 'below' ? 'above' : 'below'],
  );
  const place = clearest(places, strongPaths(panel));
  if (!place) return [];
  return [
    gridCover(place, palette.background),
    text(content, place.left, place.y, { size: 12, fill: palette.muted, halo: palette.background }),
  ];
}

/** The curves that a text must not cover. */
function strongPaths(panel: Panel): Path[] {
  return panel.curves.filter(({ opacity }) => opacity > 0.5).map((curve) => pathOf(panel, curve));
}

function pathOf(panel: Panel, { series: { steps, values } }: Curve): Path {
  const { frame, horizontal } = panel;
  return steps.map((step, index) => [
    frame.left + (frame.width * step) / horizontal.max,
    heightOf(panel, values[index] ?? Number.NaN),
  ]);
}

/** Right of the plot, or at the end of a curve that ends well before it. */
function endLabels(panel: Panel, palette: Palette) {
  const { frame, curves, horizontal } = panel;
  const labelled = curves.flatMap(({ series, label, colour }) => {
    const end = series.values.findLastIndex(Number.isFinite);
    if (label === undefined || end < 0) return [];
    const share = (series.steps[end] ?? 0) / horizontal.max;
    const y = heightOf(panel, series.values[end] ?? 0);
    return [{ label, colour, share, y: Math.max(frame.top, Math.min(frame.top + frame.height, y)) }];
  });
  const isEarly = ({ share }: { readonly share: number }): boolean => share < EARLY_SHARE;
  const beside = labelled.filter((label) => !isEarly(label));
  const half = LABEL_HEIGHT / 2;
  const rows = spread(
    beside.map(({ y }) => y),
    LABEL_HEIGHT,
    frame.top - half,
    frame.top + frame.height + half,
  );
  const style = { size: 12.5, weight: 600 };
  const paths = strongPaths(panel);
  return [
    ...beside.map(({ label, colour }, index) =>
      text(label, frame.left + frame.width + 8, rows[index] ?? 0, { ...style, fill: colour }),
    ),
    ...labelled.filter(isEarly).map(({ label, colour, share, y }) => {
      const place = { left: frame.left + share * frame.width + 8, width: CHARACTER_WIDTH * label.length };
      // right of the end, or a little higher or lower where another curve goes on there
      const rows = [0, -LABEL_HEIGHT, LABEL_HEIGHT, -2 * LABEL_HEIGHT, 2 * LABEL_HEIGHT];
      const clear = clearest(
        rows.map((row) => ({ ...place, y: y + row, height: LABEL_HEIGHT })),
        paths,
      );
      return text(label, place.left, clear?.y ?? y, { ...style, fill: colour, halo: palette.background });
    }),
  ];
}

/** The pixel row of a value. */
function heightOf({ frame, vertical: { min, max } }: Panel, value: number): number {
  return frame.top + (frame.height * (max - value)) / (max - min);
}

interface TextStyle {
  readonly size: number;
  readonly fill: string;
  readonly weight?: number;
  readonly align?: 'left' | 'right';
  /** Colour of a rim that keeps lines off the letters. */
  readonly halo?: string;
}

/** A text in the figure, vertically centred on `y`. */
export function text(
  content: string,
  x: number,
  y: number,
  { size, fill, weight = 400, align = 'left', halo }: TextStyle,
) {
  return {
    type: 'text' as const,
    silent: true,
    z: 10,
    x,
    y,
    style: {
      text: content,
      fill,
      align,
      verticalAlign: 'middle' as const,
      fontSize: size,
      fontWeight: weight,
      ...(halo ? { stroke: halo, lineWidth: 4 } : {}),
    },
  };
}
