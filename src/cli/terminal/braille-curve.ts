/** @file A curve drawn with braille dots, two by four of them a character. */

/** A measured value at a step. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

export interface Curve {
  /** One line of characters a row, from the top. */
  readonly rows: readonly string[];
  /** The values at the upper and the lower edge. */
  readonly top: number;
  readonly bottom: number;
}

/** Marks a point that is not on the curve. */
export const MARK = '◆';

/** The bit of each dot in a braille character (U+2800 and up), by row and column. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const DOT_ROWS = 4;
const DOT_COLUMNS = 2;

/**
 * Draws points, in order of step, over the steps from 0 to the last, as means where they are denser than dots, and marks
 * others on top. The highest values may lie above the upper edge, or a few first steps would flatten the rest of the curve.
 */
export function drawCurve(
  points: readonly CurvePoint[],
  marks: readonly CurvePoint[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Curve {
  const [width, height] = [columns * DOT_COLUMNS, rows * DOT_ROWS];
  const lastStep = Math.max(1, points.at(-1)?.step ?? 0, marks.at(-1)?.step ?? 0);
  const means = meansByColumn(points, width, lastStep);
  const { top, bottom } = edges(means.filter((mean) => mean !== undefined));
  const heightOf = (value: number): number => Math.round(((top - value) / (top - bottom)) * (height - 1));
  const cells = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  const dot = (x: number, y: number): void => {
    const row = cells[Math.floor(y / DOT_ROWS)];
    if (row === undefined) return;
    const column = Math.floor(x / DOT_COLUMNS);
    row[column] = (row[column] ?? 0) | (DOTS[y % DOT_ROWS]?.[x % DOT_COLUMNS] ?? 0);
  };
  let before: { readonly x: number; readonly y: number } | undefined;
  for (const [x, mean] of means.entries()) {
    if (mean === undefined) continue;
    const y = heightOf(mean);
    for (const [column, line] of segment(before ?? { x, y }, { x, y })) for (const each of line) dot(column, each);
    before = { x, y };
  }
  const lines = cells.map((row) => row.map((bits) => (bits === 0 ? ' ' : String.fromCharCode(0x2800 + bits))));
  for (const { step, value } of marks) {
    const row = lines[Math.floor(heightOf(value) / DOT_ROWS)];
    if (row) row[Math.floor((step / lastStep) * (columns - 1))] = MARK;
  }
  return { rows: lines.map((row) => row.join('')), top, bottom };
}

/** The mean of the points that fall on each column of dots; undefined for a column without points. */
function meansByColumn(points: readonly CurvePoint[], width: number, lastStep: number): (number | undefined)[] {
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  for (const { step, value } of points) {
    if (!Number.isFinite(value)) continue;
    const column = Math.round((step / lastStep) * (width - 1));
    sums[column]! += value;
    counts[column]! += 1;
  }
  return Array.from(sums, (sum, column) => (counts[column] ? sum / counts[column]! : undefined));
}

/** The share of columns that may lie above the upper edge, and the room below it, as a share of the range of the others. */
const ABOVE = 0.05;
const HEADROOM = 0.15;

function edges(values: readonly number[]): { readonly top: number; readonly bottom: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const lowest = sorted[0] ?? 0;
  const highest = sorted.at(-1) ?? 1;
  const usual = sorted[Math.ceil((sorted.length - 1) * (1 - ABOVE))] ?? highest;
  const top = Math.min(highest, usual + (usual - lowest) * HEADROOM);
  return top > lowest ? { top, bottom: lowest } : { top: lowest + 0.5, bottom: lowest - 0.5 };
}

type Dot = { readonly x: number; readonly y: number };

/** The rows of dots in each column of a line from one dot to another, without the column of the first. */
function segment(from: Dot, to: Dot): (readonly [column: number, rows: readonly number[]])[] {
  const columns = to.x - from.x;
  if (columns === 0) return [[to.x, [to.y]]];
  const at = (x: number): number => Math.round(from.y + ((to.y - from.y) * (x - from.x)) / columns);
  return Array.from({ length: columns }, (_, index) => {
    const x = from.x + index + 1;
    return [x, between(at(x - 1), at(x))] as const;
  });
}

/** The rows from one to another, without the first unless it is the only one. */
function between(from: number, to: number): number[] {
  const direction = Math.sign(to - from);
  if (direction === 0) return [to];
  return Array.from({ length: Math.abs(to - from) }, (_, index) => from + direction * (index + 1));
}
