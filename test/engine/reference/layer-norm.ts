/** @file LayerNorm of each row of x (Ba et al. 2016), and of x + branch. */

import { add } from './add.ts';

export interface LayerNormInputs {
  readonly x: Float64Array;
  readonly branch?: Float64Array;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** The rows of x + branch less their mean and over their standard deviation, and 1 over that deviation. */
function standardise({ x, branch, weight: { length: C } }: LayerNormInputs, epsilon: number) {
  const stream = branch ? add(x, branch) : x;
  const standard = new Float64Array(stream.length);
  const rstd = new Float64Array(stream.length / C);
  for (let n = 0; n < rstd.length; n++) {
    const row = stream.subarray(n * C, (n + 1) * C);
    const mean = row.reduce((sum, value) => sum + value, 0) / C;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / C;
    rstd[n] = 1 / Math.sqrt(variance + epsilon);
    for (let c = 0; c < C; c++) standard[n * C + c] = (row[c]! - mean) * rstd[n]!;
  }
  return { stream, standard, rstd };
}

export function layerNorm(inputs: LayerNormInputs, epsilon: number): { normed: Float64Array; stream: Float64Array } {
  const { weight, bias } = inputs;
  const { stream, standard } = standardise(inputs, epsilon);
  const normed = standard.map((value, index) => value * weight[index % weight.length]! + bias[index % bias.length]!);
  return { normed, stream };
}

/** Gradients from those of `normed` and (what later readers of the stream add) of `stream`. */
export function layerNormBackward(
  inputs: LayerNormInputs,
  dnormed: Float64Array,
  dstream: Float64Array | undefined,
  epsilon: number,
): { dx: Float64Array; dweight: Float64Array; dbias: Float64Array } {
  const { weight } = inputs;
  const C = weight.length;
  const { standard, rstd } = standardise(inputs, epsilon);
  const dx = new Float64Array(dnormed.length);
  const dweight = new Float64Array(C);
  const dbias = new Float64Array(C);
  for (let n = 0; n < rstd.length; n++) {
    let average = 0;
    let averageWithStandard = 0;
    for (let c = 0; c < C; c++) {
      const at = n * C + c;
      dweight[c]! += dnormed[at]! * standard[at]!;
      dbias[c]! += dnormed[at]!;
      average += (dnormed[at]! * weight[c]!) / C;
      averageWithStandard += (dnormed[at]! * weight[c]! * standard[at]!) / C;
    }
    for (let c = 0; c < C; c++) {
      const at = n * C + c;
      const inner = dnormed[at]! * weight[c]! - average - standard[at]! * averageWithStandard;
      dx[at] = rstd[n]! * inner + (dstream?.[at] ?? 0);
    }
  }
  return { dx, dweight, dbias };
}
