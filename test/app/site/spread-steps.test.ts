import { expect, test } from 'vitest';
import { spreadSteps } from '#minillm/app/site/spread-steps.js';

const STEPS = Array.from({ length: 100 }, (_, index) => 10 * (index + 1));

test('steps are spread over their logarithm, the first and the last among them', () => {
  expect(spreadSteps(STEPS, 3, 1000)).toEqual([10, 100, 1000]);
  const chosen = spreadSteps(STEPS, 9, 1000);
  expect(chosen).toHaveLength(9);
  expect(chosen.slice(0, 3)).toEqual([10, 20, 30]);
  const ratios = chosen.slice(1).map((step, index) => step / (chosen[index] ?? 0));
  // evenly spread they would be 100 ** (1 / 8) = 1.78, and the steps are multiples of 10
  expect(Math.max(...ratios)).toBeLessThanOrEqual(2);
  expect(Math.min(...ratios)).toBeGreaterThan(1.3);
});

test('one that is kept is among them, be there ever so few', () => {
  expect(spreadSteps(STEPS, 1, 70)).toEqual([70]);
  expect(spreadSteps(STEPS, 3, 70)).toEqual([10, 70, 1000]);
});

test('all stay where there are no more', () => {
  expect(spreadSteps([1, 2, 3], 3, 2)).toEqual([1, 2, 3]);
  expect(spreadSteps([0, 5], Number.POSITIVE_INFINITY, 5)).toEqual([0, 5]);
});
