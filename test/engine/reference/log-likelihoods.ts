/** @file Log-probabilities of every token at chosen rows. */

import { logits } from './logits.ts';

/** log softmax of the logits of each row, [rows][V]. */
export function logProbabilities(x: Float64Array, wte: Float64Array, rows: Float64Array, C: number): Float64Array[] {
  return Array.from(rows, (row) => {
    const values = logits(x, wte, Float64Array.of(row), C);
    const highest = values.reduce((a, b) => Math.max(a, b));
    const total = highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
    return values.map((value) => value - total);
  });
}
