/** @file y = x·w + b, w stored [in, out], and y = GELU(x·w + b). */

import { gelu, geluDerivative } from './gelu.ts';

export interface LinearInputs {
  readonly x: Float64Array;
  readonly w: Float64Array;
  readonly b: Float64Array;
}

export function linear({ x, w, b }: LinearInputs): Float64Array {
  const M = b.length;
  const K = w.length / M;
  const y = new Float64Array((x.length / K) * M);
  for (let n = 0; n < x.length / K; n++) {
    const row = y.subarray(n * M, (n + 1) * M);
    row.set(b);
    for (let k = 0; k < K; k++) for (let m = 0; m < M; m++) row[m]! += x[n * K + k]! * w[k * M + m]!;
  }
  return y;
}

export function linearGelu(inputs: LinearInputs): Float64Array {
  return gelu(linear(inputs));
}

export function linearBackward(
  { x, w, b }: LinearInputs,
  dy: Float64Array,
): { dx: Float64Array; dw: Float64Array; db: Float64Array } {
  const M = b.length;
  const K = w.length / M;
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  const db = new Float64Array(M);
  for (let n = 0; n < x.length / K; n++) {
    for (let m = 0; m < M; m++) db[m]! += dy[n * M + m]!;
    for (let k = 0; k < K; k++) {
      for (let m = 0; m < M; m++) {
        dx[n * K + k]! += dy[n * M + m]! * w[k * M + m]!;
        dw[k * M + m]! += dy[n * M + m]! * x[n * K + k]!;
      }
    }
  }
  return { dx, dw, db };
}

export function linearGeluBackward(inputs: LinearInputs, dy: Float64Array): ReturnType<typeof linearBackward> {
  const derivative = geluDerivative(linear(inputs));
  return linearBackward(
    inputs,
    dy.map((value, index) => value * derivative[index]!),
  );
}
