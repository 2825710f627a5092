import { expect, test } from 'vitest';
import { nearestPlace, stepPlace, stepTicks } from '../../../../../src/app/web/playground/steps/log-axis.ts';

test('steps lie between 0 and 1, step 0 among them, a factor of ten always as wide once steps are many', () => {
  expect(stepPlace(0, 1e6)).toBe(0);
  expect(stepPlace(1e6, 1e6)).toBe(1);
  const width = (step: number) => stepPlace(10 * step, 1e6) - stepPlace(step, 1e6);
  expect(width(1000)).toBeCloseTo(width(10_000), 3);
  expect(stepPlace(0, 0)).toBe(0);
});

test('ticks are step 0, powers of ten and the last step, none too close to the last', () => {
  expect(stepTicks(400)).toEqual([0, 1, 10, 100, 400]);
  expect(stepTicks(19_073)).toEqual([0, 1, 10, 100, 1000, 19_073]);
  expect(stepTicks(1000)).toEqual([0, 1, 10, 100, 1000]);
  expect(stepTicks(0)).toEqual([0]);
});

test('the handle falls on the nearest checkpoint', () => {
  expect([0, 0.2, 0.3, 0.9].map((place) => nearestPlace(place, [0, 0.5, 1]))).toEqual([0, 0, 1, 2]);
});
