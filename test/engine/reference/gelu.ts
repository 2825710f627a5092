/** @file GELU in its tanh form (Hendrycks & Gimpel 2016), and its derivative. */

const SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

export function gelu(x: Float64Array): Float64Array {
  return x.map((value) => 0.5 * value * (1 + Math.tanh(SCALE * (value + CUBIC * value ** 3))));
}

export function geluDerivative(x: Float64Array): Float64Array {
  return x.map((value) => {
    const t = Math.tanh(SCALE * (value + CUBIC * value ** 3));
    return 0.5 * (1 + t) + 0.5 * value * (1 - t * t) * SCALE * (1 + 3 * CUBIC * value ** 2);
  });
}
