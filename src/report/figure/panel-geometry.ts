/** @file A panel of the figure: what it shows, and where in the picture. */

import type { Series } from '../series/curves.ts';
import type { Reference } from '../series/references.ts';
import type { AxisRange } from './axis-range.ts';
import type { Horizontal } from './horizontal.ts';
import type { Path, Side } from './reference-label.ts';

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
  readonly dash: 'solid' | number[];
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
  readonly curves: readonly Curve[];
  readonly references: readonly Reference[];
  /** Where a reference's name has room: losses fall away from the line's right end, accuracies start below its left one. */
  readonly referenceSide: Side;
}

/** The curves that a text must not cover. */
export function strongPaths(panel: Panel): Path[] {
  return panel.curves.filter(({ opacity }) => opacity > 0.5).map((curve) => curvePath(panel, curve));
}

function curvePath(panel: Panel, { series: { steps, values } }: Curve): Path {
  const { frame, horizontal } = panel;
  return steps.map((step, index) => [
    frame.left + (frame.width * step) / horizontal.max,
    heightOf(panel, values[index] ?? Number.NaN),
  ]);
}

/** The pixel row of a value. */
export function heightOf({ frame, vertical: { min, max } }: Panel, value: number): number {
  return frame.top + (frame.height * (max - value)) / (max - min);
}
