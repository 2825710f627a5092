/** @file Gradients without calculus: what every analytic gradient of this folder is checked against. */

/** Step of the difference quotient: its truncation error (h²) and its cancellation error (2⁻⁵³/h) are both near 1e-10. */
const STEP = 1e-5;

/** The gradient of `f` at `x` by central differences. */
export function finiteDifferences(f: (x: Float64Array) => number, x: Float64Array): Float64Array {
  const moved = new Float64Array(x);
  return x.map((value, index) => {
    moved[index] = value + STEP;
    const above = f(moved);
    moved[index] = value - STEP;
    const below = f(moved);
    moved[index] = value;
    return (above - below) / (2 * STEP);
  });
}

/** Σ a·b */
export function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
