/** @file logits[n] = x[rows[n]]·wteᵀ. */

export function logits(x: Float64Array, wte: Float64Array, rows: Float64Array, C: number): Float64Array {
  const V = wte.length / C;
  const result = new Float64Array(rows.length * V);
  rows.forEach((row, n) => {
    for (let v = 0; v < V; v++) for (let c = 0; c < C; c++) result[n * V + v]! += x[row * C + c]! * wte[v * C + c]!;
  });
  return result;
}
