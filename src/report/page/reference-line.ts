/** @file A line across a chart of the page that shows what OpenAI's model reaches, and its name. */

import type { LineSeriesOption } from 'echarts/charts';
import type { AxisRange } from '../figure/axis-range.ts';
import type { Palette } from '../figure/palette.ts';
import {
  clearest,
  labelPlaces,
  type Path,
  type ReferenceName,
  referenceName,
  type Side,
} from '../figure/reference-label.ts';
import type { Reference } from '../series/references.ts';

/** The plotted rectangle of a chart, in pixels, and the curves in it that a name must not cover. */
export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly paths: readonly Path[];
}

/** Of small text, about. */
const CHARACTER_WIDTH = 7;
/** Where ECharts puts names along a line, and on which side. */
const PLACES = { left: ['Start', 'Middle', 'End'], right: ['End', 'Middle', 'Start'] } as const;
const SIDES = { above: 'Top', below: 'Bottom' } as const;

/**
 * A line across the chart, its name where the fewest curves are, if it can at the preferred end; of one beyond the axis the name
 * alone, with an arrow to where it is.
 */
export function referenceLine(
  reference: Reference,
  vertical: AxisRange,
  plot: Plot,
  preferred: Side,
  palette: Palette,
): LineSeriesOption {
  const { min, max } = vertical;
  const called = referenceName(reference, vertical);
  return {
    type: 'line',
    id: reference.name,
    name: `${reference.name} ${reference.value}`,
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      // of the value that the line is drawn at; two decimals by default
      precision: 6,
      data: [{ yAxis: called.at }],
      lineStyle: { color: palette.reference, width: called.isBeyond ? 0 : 1.25, type: [5, 4] },
      label: {
        formatter: called.content,
        position: labelPosition(called, (max - called.at) / (max - min), plot, preferred),
        color: palette.muted,
        fontSize: 12,
        textBorderColor: palette.background,
        textBorderWidth: 4,
      },
    },
  };
}

/** @param share of the plot's height that is above the line */
function labelPosition(
  { content, sides }: ReferenceName,
  share: number,
  { left, top, width, height, paths }: Plot,
  preferred: Side,
) {
  const names = PLACES[preferred];
  const places = labelPlaces(
    [left + 5, left + width - 5],
    top + share * height,
    CHARACTER_WIDTH * content.length,
    preferred,
    sides,
    names.length,
  );
  const best = clearest(places, paths);
  const index = best ? places.indexOf(best) : 0;
  const along = names[Math.floor(index / sides.length)] ?? names[0];
  return `inside${along}${SIDES[sides[index % sides.length] ?? 'above']}` as const;
}
