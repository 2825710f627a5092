/** @file Tokens per second against the number of devices, on logarithmic axes, beside what perfect scaling would give. */

import { FONT_FAMILY } from './draw.ts';
import type { Figure } from './figure.ts';
import { text } from './figure-text.ts';
import { PALETTES, runColour, type Theme } from './palette.ts';

/** What of a plan is drawn. */
export interface ScalingRate {
  readonly ranks: number;
  readonly tokensPerSecond: number;
}

const WIDTH = 720;
const HEIGHT = 460;
const FRAME = { left: 84, top: 96, width: 590, height: 290 };
const UNITS = ['', ' k', ' M', ' B', ' T'];

/** The figure of a row of plans, the smallest number of devices first. */
export function scalingFigure(
  points: readonly ScalingRate[],
  { title, theme }: { readonly title: string; readonly theme: Theme },
): Figure {
  const palette = PALETTES[theme];
  const first = points[0];
  const each = first ? first.tokensPerSecond / first.ranks : 0;
  const line = (name: string, data: number[][], colour: string, type: 'solid' | number[], width: number) => ({
    type: 'line' as const,
    name,
    data,
    symbol: 'circle',
    symbolSize: 6,
    showSymbol: type === 'solid',
    itemStyle: { color: colour },
    lineStyle: { color: colour, type, width },
    silent: true,
  });
  const axis = {
    type: 'log' as const,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette.axis } },
    splitLine: { lineStyle: { color: palette.grid } },
  };
  const label = { color: palette.text, fontSize: 12, margin: 10, formatter: withUnit };
  return {
    width: WIDTH,
    height: HEIGHT,
    option: {
      animation: false,
      backgroundColor: palette.background,
      textStyle: { fontFamily: FONT_FAMILY },
      grid: { ...FRAME, containLabel: false },
      xAxis: { ...axis, logBase: 2, splitLine: { show: false }, axisLabel: label },
      yAxis: { ...axis, logBase: 10, axisLabel: label },
      series: [
        line(
          'perfect',
          points.map(({ ranks }) => [ranks, each * ranks]),
          palette.reference,
          [5, 4],
          1.25,
        ),
        line(
          'planned',
          points.map(({ ranks, tokensPerSecond }) => [ranks, tokensPerSecond]),
          runColour(palette, 0),
          'solid',
          2.2,
        ),
      ],
      graphic: {
        elements: [
          text(title, 28, 36, { size: 18, weight: 600, fill: palette.text }),
          text('tokens/s; dashed: perfect scaling', FRAME.left, FRAME.top - 22, {
            size: 14,
            weight: 600,
            fill: palette.text,
          }),
          text('devices', FRAME.left + FRAME.width, FRAME.top + FRAME.height + 44, {
            size: 12,
            fill: palette.muted,
            align: 'right',
          }),
        ],
      },
    },
  };
}

/** `1.5 M` for 1,500,000. */
function withUnit(value: number): string {
  const unit = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3 + 1e-9)));
  return `${Number((value / 1000 ** unit).toPrecision(3))}${UNITS[unit]}`;
}
