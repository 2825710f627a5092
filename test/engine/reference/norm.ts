/** @file √Σ x². */

export function norm(x: Float64Array): number {
  return Math.sqrt(x.reduce((total, value) => total + value * value, 0));
}
