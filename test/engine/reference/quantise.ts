/** @file Weights as `quantise_weight` stores them: whole numbers times their column's scale, in double. */

/** The whole number nearest to a value, the even one where two are. */
function nearestWhole(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/**
 * The numbers that stand for w [K, M], or for [M, K] if `transposed`, once each column (m) has been quantised: scale =
 * max |w| / 127 and whole numbers, both computed in float32.
 */
export function quantised(w: Float64Array, columns: number, { transposed }: { transposed: boolean }): Float64Array {
  const depth = w.length / columns;
  const at = (k: number, m: number): number => (transposed ? m * depth + k : k * columns + m);
  const result = new Float64Array(w.length);
  for (let m = 0; m < columns; m++) {
    let largest = 0;
    for (let k = 0; k < depth; k++) largest = Math.max(largest, Math.abs(w[at(k, m)]!));
    const scale = Math.fround(largest / 127);
    for (let k = 0; k < depth; k++)
      result[at(k, m)] = scale === 0 ? 0 : scale * nearestWhole(Math.fround(w[at(k, m)]! / scale));
  }
  return result;
}
