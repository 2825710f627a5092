/** @file Σ x². */

export function squaredNorm(x: Float64Array): number {
  return x.reduce((total, value) => total + value * value, 0);
}
