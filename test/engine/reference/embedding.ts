/** @file x[n] = wte[tokens[n]] + wpe[positions[n]]. */

export interface EmbeddingIndices {
  readonly tokens: Float64Array;
  readonly positions: Float64Array;
}

export function embedding(
  { tokens, positions }: EmbeddingIndices,
  wte: Float64Array,
  wpe: Float64Array,
  C: number,
): Float64Array {
  const x = new Float64Array(tokens.length * C);
  for (let n = 0; n < tokens.length; n++)
    for (let c = 0; c < C; c++) x[n * C + c] = wte[tokens[n]! * C + c]! + wpe[positions[n]! * C + c]!;
  return x;
}

export function embeddingBackward(
  { tokens, positions }: EmbeddingIndices,
  dx: Float64Array,
  { V, P, C }: { V: number; P: number; C: number },
): { dwte: Float64Array; dwpe: Float64Array } {
  const dwte = new Float64Array(V * C);
  const dwpe = new Float64Array(P * C);
  for (let n = 0; n < tokens.length; n++) {
    for (let c = 0; c < C; c++) {
      dwte[tokens[n]! * C + c]! += dx[n * C + c]!;
      dwpe[positions[n]! * C + c]! += dx[n * C + c]!;
    }
  }
  return { dwte, dwpe };
}
