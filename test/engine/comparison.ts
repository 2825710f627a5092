/** @file How near a result must be to its float64 reference. */

import { expect } from 'vitest';
import type { Precision } from './devices.ts';

/**
 * Largest ‖Δ‖/‖reference‖. float32: a sum of up to a few thousand products loses 1e-6, and a backward pass reads what
 * the forward pass has rounded. bfloat16 has 8 bits, so that each stored number is off by up to 2⁻⁹, and the factors of
 * products are rounded too.
 */
export const TOLERANCES: Readonly<Record<Precision, { readonly output: number; readonly gradient: number }>> = {
  fp32: { output: 1e-5, gradient: 1e-4 },
  bf16: { output: 2e-2, gradient: 5e-2 },
};

/** In a large tensor a single wrong element hardly moves the norm; none may be off by more than this many averages. */
const MAX_ERROR = 16;

/** Expects ‖actual − expected‖ ≤ tolerance·‖expected‖, the error spread over the elements. */
export function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number, what: string): void {
  expect(actual.length, `elements of ${what}`).toBe(expected.length);
  const errors = expected.map((value, index) => actual[index]! - value);
  expect(norm(errors), `‖Δ‖ of ${what}`).toBeLessThanOrEqual(tolerance * norm(expected));
  const average = norm(expected) / Math.sqrt(expected.length);
  const largest = errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);
  expect(largest, `largest |Δ| in ${what}`).toBeLessThanOrEqual(MAX_ERROR * tolerance * average);
}

/** Expects the same numbers to the last bit. */
export function expectSameBits(actual: Float64Array | undefined, expected: Float64Array, what: string): void {
  expect(actual?.length, `elements of ${what}`).toBe(expected.length);
  const different = expected.findIndex((value, index) => !Object.is(actual?.[index], value));
  expect(different, `first element of ${what} that differs`).toBe(-1);
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
