/** @file The loss curve behind the checkpoints, as a path. */

import { stepPlace } from './log-axis.ts';

export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
}

export interface CurveFrame {
  readonly last: number;
  readonly lowest: number;
  readonly highest: number;
  readonly width: number;
  readonly height: number;
}

/** The range of losses that is drawn. */
export function lossRange(losses: readonly number[]): { readonly lowest: number; readonly highest: number } {
  const finite = losses.filter(Number.isFinite);
  return { lowest: Math.min(...finite), highest: Math.max(...finite) };
}

/** From the top, for the highest loss, to the bottom. */
export function lossHeight(loss: number, { lowest, highest, height }: CurveFrame): number {
  return highest === lowest ? height / 2 : (height * (highest - loss)) / (highest - lowest);
}

export function curvePath(points: readonly CurvePoint[], frame: CurveFrame): string {
  const marks = points.map(
    ({ step, loss }) =>
      `${(frame.width * stepPlace(step, frame.last)).toFixed(1)} ${lossHeight(loss, frame).toFixed(1)}`,
  );
  return marks.length === 0 ? '' : `M${marks.join('L')}`;
}
