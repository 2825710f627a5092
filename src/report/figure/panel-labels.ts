/** @file The words in a panel: the names of its reference lines, and at the ends of its curves what they end in. */

import type { Reference } from '../series/references.ts';
import { text } from './figure-text.ts';
import { spread } from './label-layout.ts';
import type { Palette } from './palette.ts';
import { heightOf, type Panel, strongPaths } from './panel-geometry.ts';
import {
  clearest,
  gridCover,
  LABEL_HEIGHT,
  type LabelBox,
  labelPlaces,
  overlaps,
  type Path,
  referenceName,
} from './reference-label.ts';

/** Of small text, about. */
const CHARACTER_WIDTH = 6.5;
/** A curve that ends before this share of the width has its label inside the plot. */
const EARLY_SHARE = 0.9;

/** The rows around a curve's end in which its label may stand: right of it, or higher or lower where something is there. */
const EARLY_ROWS = [0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6];
/** So many that are free are looked at for one that covers no curve. */
const FREE_ROWS = 5;
const END_STYLE = { size: 12.5, weight: 600 };
/** Of such text, and room beside it. */
const END_CHARACTER = 7.5;
const END_GAP = 6;

/** What a curve ends in. */
interface EndLabel {
  readonly label: string;
  readonly colour: string;
  /** The middle of its left side. */
  readonly x: number;
  readonly y: number;
}

/** All words of the panel as elements of the figure. */
export function panelLabels(panel: Panel, palette: Palette) {
  const paths = strongPaths(panel);
  const names = panel.references.flatMap((reference) => placedName(panel, reference, paths));
  const { frame } = panel;
  const ends = endLabels(panel);
  const isEarly = ({ x }: EndLabel): boolean => x < frame.left + EARLY_SHARE * frame.width;
  return [
    ...names.flatMap(({ content, place }) => [
      gridCover(place, palette.background),
      text(content, place.left, place.y, { size: 12, fill: palette.muted, halo: palette.background }),
    ]),
    ...besidePlot(
      panel,
      ends.filter((end) => !isEarly(end)),
    ),
    ...insidePlot(
      panel,
      ends.filter(isEarly),
      paths,
      names.map(({ place }) => place),
      palette,
    ),
  ];
}

/**
 * Above or below its line, or inside the edge that the line lies beyond, with an arrow; where it covers no curve but the faint
 * ones.
 */
function placedName(panel: Panel, reference: Reference, paths: readonly Path[]) {
  const { frame, vertical, referenceSide } = panel;
  const { content, at, sides } = referenceName(reference, vertical);
  const places = labelPlaces(
    [frame.left + 8, frame.left + frame.width - 4],
    heightOf(panel, at),
    CHARACTER_WIDTH * content.length,
    referenceSide,
    sides,
  );
  const place = clearest(places, paths);
  return place ? [{ content, place }] : [];
}

function endLabels(panel: Panel): EndLabel[] {
  const { frame, curves, horizontal } = panel;
  return curves.flatMap(({ series, label, colour }) => {
    const end = series.values.findLastIndex(Number.isFinite);
    if (label === undefined || end < 0) return [];
    const x = frame.left + (frame.width * (series.steps[end] ?? 0)) / horizontal.max;
    const y = heightOf(panel, series.values[end] ?? 0);
    return [{ label, colour, x, y: Math.max(frame.top, Math.min(frame.top + frame.height, y)) }];
  });
}

/** Right of the plot, one above the other. */
function besidePlot({ frame }: Panel, ends: readonly EndLabel[]) {
  const half = LABEL_HEIGHT / 2;
  const wanted = ends.map(({ y }) => y);
  const rows = spread(wanted, LABEL_HEIGHT, frame.top - half, frame.top + frame.height + half);
  return ends.map(({ label, colour }, index) =>
    text(label, frame.left + frame.width + 8, rows[index] ?? 0, { ...END_STYLE, fill: colour }),
  );
}

/** At the ends of curves well before the plot's, off each other and off what is `taken`. */
function insidePlot(
  { frame }: Panel,
  ends: readonly EndLabel[],
  paths: readonly Path[],
  taken: readonly LabelBox[],
  palette: Palette,
) {
  const placed = [...taken];
  return ends.map(({ label, colour, x, y }) => {
    const places = EARLY_ROWS.map((row) => ({
      left: x + 8,
      width: END_CHARACTER * label.length + END_GAP,
      y: y + row * LABEL_HEIGHT,
      height: LABEL_HEIGHT,
    })).filter((place) => place.y >= frame.top && place.y <= frame.top + frame.height);
    const free = places.filter((place) => !placed.some((other) => overlaps(place, other)));
    const place = clearest(free.length > 0 ? free.slice(0, FREE_ROWS) : places, paths);
    if (place) placed.push(place);
    return text(label, x + 8, place?.y ?? y, { ...END_STYLE, fill: colour, halo: palette.background });
  });
}
