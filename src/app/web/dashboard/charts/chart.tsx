/** @file A chart of runs: curves, a legend with their values, zoom, keyboard control. */

import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Reference } from '../../../../report/series/references.ts';
import { useElementWidth, useIsDark } from '../../shared/use-page.ts';
import type { Axis } from './axis.ts';
import { alignedData, type Curve, type ShownRange } from './chart-data.ts';
import { chartOptions } from './chart-options.ts';
import { Legend, legendEntries } from './legend.tsx';
import type { TickLabel } from './tick-labels.ts';
import { followFingers } from './touch.ts';

/** The part of the axis that charts show; undefined for all. */
export type Zoom = readonly [from: number, to: number] | undefined;

export interface ChartProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly axis: Axis;
  /** Formats a value in the legend, and one at a mark of the axis. */
  readonly format: (value: number) => string;
  readonly tick: TickLabel;
  readonly height: number;
  /** Its share of a row; half by default. */
  readonly width?: 'whole' | 'wide' | 'narrow';
  readonly isLogarithmic?: boolean;
  /** Values to compare with. */
  readonly references?: readonly Reference[];
  readonly range?: ShownRange;
  readonly zoom: Zoom;
  readonly onZoom: (zoom: Zoom) => void;
}

const NO_REFERENCES: readonly Reference[] = [];

export function Chart(props: ChartProps) {
  const {
    width: share = '',
    title,
    curves,
    axis,
    format,
    tick,
    height,
    isLogarithmic = false,
    references = NO_REFERENCES,
    range = 'all',
    zoom,
    onZoom,
  } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const titleId = useId();
  const width = useElementWidth(place);
  const isDark = useIsDark();
  const [cursor, setCursor] = useState<number>();
  const data = useMemo(() => alignedData(curves, isLogarithmic), [curves, isLogarithmic]);
  const isEmpty = data[0].length === 0;
  // a chart is drawn anew when one of these changes
  const shape = JSON.stringify([
    curves.map(({ places: _, values: __, ...look }) => look),
    axis.unit,
    isLogarithmic,
    isDark,
    height,
    isEmpty,
  ]);

  const latest = useRef({ zoom, onZoom });
  latest.current = { zoom, onZoom };

  useEffect(() => {
    if (!place.current || width === 0 || isEmpty) return;
    const drawn = new uPlot(
      chartOptions({
        curves,
        axis,
        tick,
        height,
        width,
        isLogarithmic,
        references,
        range,
        style: getComputedStyle(place.current),
        zoom: () => latest.current.zoom,
        onZoom: (range) => latest.current.onZoom(range),
        onCursor: setCursor,
      }),
      data,
      place.current,
    );
    followFingers(drawn, (range) => latest.current.onZoom(range));
    plot.current = drawn;
    return () => {
      drawn.destroy();
      plot.current = null;
    };
  }, [shape, width === 0]);

  useEffect(() => plot.current?.setSize({ width, height }), [width, height]);
  useEffect(() => plot.current?.setData(data), [data, zoom]);

  const values = legendEntries(curves, data, cursor, format).map(({ curve, values }) => `${curve.label} ${values}`);
  return (
    <figure class={`card chart ${share}`} aria-labelledby={titleId}>
      <figcaption>
        <h2 id={titleId}>{title}</h2>
        <span class="at">{cursor !== undefined && axis.describe(data[0][cursor] ?? 0)}</span>
      </figcaption>
      <div
        class="plot"
        ref={place}
        style={{ minHeight: `${height}px` }}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cursor along the curves
        tabIndex={0}
        role="img"
        aria-label={`${title}: ${values.join(', ')}. Arrow keys move the cursor, plus and minus zoom, Escape shows all.`}
        onKeyDown={(event) => {
          const drawn = plot.current;
          const factor = ZOOM_KEYS[event.key];
          if (!drawn || event.ctrlKey || event.metaKey || event.altKey) return;
          if (moveCursor(drawn, event.key, cursor)) event.preventDefault();
          else if (factor !== undefined) onZoom(zoomedRange(drawn, cursor, factor));
          else if (event.key === 'Escape') onZoom(undefined);
        }}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      >
        {isEmpty && <p class="empty">nothing measured yet</p>}
      </div>
      <Legend {...{ curves, data, cursor, references, format }} />
    </figure>
  );
}

/** The factor by which a key widens what is shown. */
const ZOOM_KEYS: Readonly<Record<string, number>> = { '+': 0.5, '=': 0.5, '-': 2 };

/** What is shown, widened around the cursor, or around the right end: the end of a run is what one looks at closely. */
function zoomedRange({ scales, data: [places] }: uPlot, cursor: number | undefined, factor: number): Zoom {
  const { min = 0, max = 0 } = scales.x as { min?: number; max?: number };
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 0];
  const middle = (cursor === undefined ? undefined : places[cursor]) ?? max;
  const span = (max - min) * factor;
  if (span >= last - first) return undefined;
  const from = Math.min(last - span, Math.max(first, middle - (middle - min) * factor));
  return [from, from + span];
}

/** How far an arrow key moves the cursor, as a share of the points shown. */
const STRIDE = 0.01;

/** Moves a chart's cursor by a key; false for a key that moves nothing. */
function moveCursor(plot: uPlot, key: string, cursor: number | undefined): boolean {
  const [first, last] = plot.series[0]?.idxs ?? [0, 0];
  const stride = Math.max(1, Math.round((last - first) * STRIDE));
  const from = cursor ?? last;
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: from - stride,
    ArrowRight: from + stride,
    Home: first,
    End: last,
  };
  const to = moves[key];
  if (to === undefined) return false;
  const place = plot.data[0][Math.min(last, Math.max(first, to))] ?? 0;
  plot.setCursor({ left: plot.valToPos(place, 'x'), top: plot.over.clientHeight / 2 });
  return true;
}
