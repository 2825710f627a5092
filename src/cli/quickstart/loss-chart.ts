/** @file The loss of a run as a curve for the terminal. */

import { type CurvePoint, drawCurve } from '../terminal/braille-curve.ts';

const ROWS = 10;
const MAX_WIDTH = 72;
/** Columns of the labels and the axis, left of the curve. */
const AXIS_WIDTH = 7;

/** The curve of the training loss over the steps, with the values at its top, middle and bottom. */
export function lossChart(losses: readonly CurvePoint[], terminalColumns = MAX_WIDTH): string {
  const columns = Math.max(1, Math.min(MAX_WIDTH, terminalColumns) - AXIS_WIDTH);
  const { rows, top, bottom } = drawCurve(losses, [], { columns, rows: ROWS });
  const lastRow = ROWS - 1;
  const labelledRows = [0, Math.floor(lastRow / 2), lastRow];
  const axis = (row: number): string => {
    if (!labelledRows.includes(row)) return `${' '.repeat(AXIS_WIDTH - 1)}│`;
    return `${(top + ((bottom - top) * row) / lastRow).toFixed(2).padStart(AXIS_WIDTH - 2)} ┤`;
  };
  const margin = ' '.repeat(AXIS_WIDTH - 1);
  const lastStep = String(losses.at(-1)?.step ?? '');
  return [
    'training loss',
    ...rows.map((line, row) => `${axis(row)}${line}`.trimEnd()),
    `${margin}└${'─'.repeat(columns)}`,
    `${margin} 0${lastStep.padStart(columns - 1)}`,
    '',
  ].join('\n');
}
