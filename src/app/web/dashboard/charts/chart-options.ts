/** @file How uPlot draws a chart of the dashboard. */

import type uPlot from 'uplot';
import { isNear, STEEP_SHARE } from '../../../../report/figure/axis-range.ts';
import type { Reference } from '../../../../report/series/references.ts';
import type { Axis } from './axis.ts';
import { type Curve, type DrawnColumn, isolatedIndices, type ShownRange, valueRange } from './chart-data.ts';
import type { TickLabel } from './tick-labels.ts';

export interface ChartLook {
  readonly curves: readonly Curve[];
  readonly axis: Pick<Axis, 'tick' | 'increments'>;
  readonly tick: TickLabel;
  readonly width: number;
  readonly height: number;
  readonly isLogarithmic: boolean;
  /** The style with the custom properties of the colours. */
  readonly style: CSSStyleDeclaration;
  /** Values that are marked across the chart. */
  readonly references: readonly Reference[];
  /** The steep start of a falling curve, and references far from the curve, may lie outside the chart. */
  readonly range: ShownRange;
  readonly zoom: () => readonly [number, number] | undefined;
  readonly onZoom: (range: readonly [number, number] | undefined) => void;
  /** Called with the index of the place under the cursor. */
  readonly onCursor: (index: number | undefined) => void;
}

const FONT = '12px ui-sans-serif, system-ui, sans-serif';
const WIDE_AXIS = 58;
/** Charts with the same key move their cursors together. */
const SYNC_KEY = 'charts';

/** Room between the edges of an axis and its values if there are references, as a share of the axis. */
const REFERENCE_MARGIN = 0.04;

/** Pixels between two marks of measurements: nearer to each other, they would hide the line. */
const MARK_ROOM = 12;

/** Pixels after which a movement is a drag. */
const MIN_DRAG = 4;

/** Pixels between two marks of the horizontal axis: `1 h 30 m` and room around it. */
const MARK_SPACE = 70;

export function chartOptions(look: ChartLook): uPlot.Options {
  const { curves, width, height, isLogarithmic, onZoom, onCursor } = look;
  const colour = (name: string): string => look.style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--muted'),
    font: FONT,
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC_KEY, setSeries: false, filters: { sub: isOfCursor } },
      drag: { x: true, y: false, setScale: false, dist: MIN_DRAG },
      points: { size: 7 },
      bind: {
        dblclick: () => () => {
          onZoom(undefined);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, range: (_, from, to) => [...(look.zoom() ?? [from ?? 0, to ?? 1])] as [number, number] },
      y: {
        distr: isLogarithmic ? 3 : 1,
        range: (plot, least, greatest) => valueAxisRange(plot, least, greatest, look),
      },
    },
    axes: [
      {
        ...axis,
        size: 30,
        space: MARK_SPACE,
        incrs: [...look.axis.increments],
        values: (_, places, _axis, _space, distance) => places.map((place) => look.axis.tick(place, distance)),
      },
      {
        ...axis,
        size: WIDE_AXIS,
        // on a logarithmic axis the distance between marks grows with their values
        values: (_, values, _axis, _space, distance) =>
          values.map((value) => (value === null ? '' : look.tick(value, isLogarithmic ? value : distance))),
      },
    ],
    series: [{}, ...curves.map((curve) => curveSeries(curve, colour(curve.colour)))],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width: selected } = plot.select;
          if (selected === 0) return;
          onZoom([plot.posToVal(left, 'x'), plot.posToVal(left + selected, 'x')]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => drawReferences(plot, look.references, colour('--muted'))],
    },
  };
}

function curveSeries({ label, isFaint, isThin, isDashed, isSparse = false }: Curve, colour: string): uPlot.Series {
  const stroke = withAlpha(colour, isFaint ? 0.3 : 1);
  return {
    label,
    stroke,
    width: isFaint || isThin ? 1 : 2,
    spanGaps: isSparse,
    ...(isDashed ? { dash: [6, 4] } : {}),
    points: {
      show: isSparse && hasRoomForMarks,
      size: isThin ? 4 : 6,
      fill: stroke,
      filter: (plot, series, show) => (show ? null : isolatedIndices(plot.data[series] as DrawnColumn)),
    },
  };
}

/** Whether the measurements of a curve, of the indices that are shown, are far enough from each other to be marked. */
function hasRoomForMarks(plot: uPlot, series: number, from: number, to: number): boolean {
  const column = plot.data[series] as DrawnColumn;
  const measured = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
    (index) => typeof column[index] === 'number',
  );
  const [first = 0, last = 0] = [measured[0], measured.at(-1)].map((index) =>
    plot.valToPos(plot.data[0][index ?? 0] ?? 0, 'x'),
  );
  return (measured.length - 1) * MARK_ROOM <= last - first;
}

/** Other charts follow only the cursor; a selection stays in the chart with the pointer. */
function isOfCursor(event: string): boolean {
  return event === 'mousemove' || event === 'mouseleave';
}

function valueAxisRange(plot: uPlot, least: number | null, greatest: number | null, look: ChartLook): [number, number] {
  if (look.isLogarithmic) {
    const low = least ?? 1;
    const high = greatest ?? 10;
    return [low / 1.05, Math.max(high * 1.05, low * 1.1)];
  }
  const [first, last] = plot.series[0]?.idxs ?? [0, plot.data[0].length - 1];
  const isFalling = look.range === 'falling';
  const columns = plot.data.slice(1) as DrawnColumn[];
  const from = isFalling ? afterSteepStart(plot.data[0], first, last) : first;
  const [low, high] = valueRange(columns, from, last, look.range);
  const values = look.references.map(({ value }) => value);
  const reached = isFalling ? values.filter((value) => isNear(value, low, high)) : values;
  const [bottom, top] = [Math.min(low, ...reached), Math.max(high, ...reached)];
  const margin = reached.length > 0 ? REFERENCE_MARGIN * (top - bottom) : 0;
  return [bottom - margin, top + margin];
}

/** The first shown index after the steep start of a run; `first` if the start is not shown. */
export function afterSteepStart(places: ArrayLike<number>, first: number, last: number): number {
  if (first > 0) return first;
  const end = STEEP_SHARE * (places[last] ?? 0);
  let index = first;
  while (index < last && (places[index] ?? 0) < end) index++;
  return index;
}

function drawReferences(plot: uPlot, references: readonly Reference[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  for (const { value } of references) {
    const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
  }
  ctx.stroke();
  ctx.restore();
}

/** A colour `#rrggbb` made translucent. */
function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
