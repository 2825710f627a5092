/** @file Where a name stands in a chart: of a reference line just above or below it, where no curve runs through. */

import type { Reference } from '../series/references.ts';
import type { AxisRange } from './axis-range.ts';

export type Side = 'left' | 'right';

export const LABEL_HEIGHT = 16;
/** Pixels above and below a label that a curve should not touch either: it is thick. */
const MARGIN = 3;
/** From a line to the middle of a label. */
const OFFSETS = { above: -10, below: 11 };

/** A label's rectangle, in pixels; `y` is its middle. */
export interface LabelBox {
  readonly left: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
}

/** A curve in pixels, from left to right. */
export type Path = readonly (readonly [x: number, y: number])[];

/** The name of a reference line on an axis. */
export interface ReferenceName {
  readonly content: string;
  /** The line's value, or the end of the axis that it lies beyond. */
  readonly at: number;
  /** Where the name may stand: inside the axis. */
  readonly sides: readonly ('above' | 'below')[];
  readonly isBeyond: boolean;
}

/** What a reference is called on an axis; of one beyond it, with an arrow to where its line would be. */
export function referenceName({ name, value }: Reference, { min, max }: AxisRange): ReferenceName {
  const content = `${name}  ${value}`;
  if (value < min) return { content: `↓ ${content}`, at: min, sides: ['above'], isBeyond: true };
  if (value > max) return { content: `↑ ${content}`, at: max, sides: ['below'], isBeyond: true };
  return { content, at: value, sides: ['above', 'below'], isBeyond: false };
}

/**
 * The rectangles of this width above and below a line from x `from` to `to` at `line`, or on one side of it, in the order in
 * which they please: from the preferred end to the other, at `count` places.
 */
export function labelPlaces(
  [from, to]: readonly [from: number, to: number],
  line: number,
  width: number,
  preferred: Side,
  sides: ReferenceName['sides'] = ['above', 'below'],
  count = 7,
): LabelBox[] {
  return Array.from({ length: count }, (_, index) => {
    const share = index / (count - 1);
    const left = from + (to - from - width) * (preferred === 'left' ? share : 1 - share);
    return sides.map((side) => ({ left, width, y: line + OFFSETS[side], height: LABEL_HEIGHT }));
  }).flat();
}

/** Whether two rectangles share a place. */
export function overlaps(one: LabelBox, other: LabelBox): boolean {
  const isBeside = one.left >= other.left + other.width || other.left >= one.left + one.width;
  return !isBeside && Math.abs(one.y - other.y) < (one.height + other.height) / 2;
}

/** The first of the rectangles that the fewest curves run through, and of these that the fewest touch. */
export function clearest(places: readonly LabelBox[], paths: readonly Path[]): LabelBox | undefined {
  const costs = places.map((place) => {
    const through = paths.filter((path) => crosses(path, place, 0)).length;
    const touching = paths.filter((path) => crosses(path, place, MARGIN)).length;
    return through * paths.length + touching;
  });
  return places[costs.indexOf(Math.min(...costs))];
}

/** Above the grid, whose lines have none, and below the curves, which have 2. */
const COVER_Z = 1;

/** A ground in the figure that keeps the grid's lines from striking a label through, and hides no curve. */
export function gridCover({ left, width, y, height }: LabelBox, background: string) {
  return {
    type: 'rect' as const,
    silent: true,
    z: COVER_Z,
    shape: { x: left - 2, y: y - height / 2, width: width + 4, height },
    style: { fill: background },
  };
}

/** Whether a curve runs through a rectangle, or so many pixels above or below it. */
function crosses(path: Path, { left, width, y, height }: LabelBox, margin: number): boolean {
  const right = left + width;
  const top = y - height / 2 - margin;
  const bottom = y + height / 2 + margin;
  for (const [index, [x1, y1]] of path.entries()) {
    const [x2, y2] = path[index + 1] ?? [x1, y1];
    if (x2 < left || x1 > right) continue;
    // the part of the segment over the rectangle
    const slope = (y2 - y1) / (x2 - x1);
    const from = x1 < left ? y1 + slope * (left - x1) : y1;
    const to = x2 > right ? y2 - slope * (x2 - right) : y2;
    if (Math.max(from, to) >= top && Math.min(from, to) <= bottom) return true;
  }
  return false;
}
