import { expect, test } from 'vitest';
import { learningRateAt } from '#minillm/train/schedule.js';

/** The schedule of the published 124M run. */
const PUBLISHED = { learningRate: 6e-4, minLearningRate: 6e-5, warmupSteps: 715, steps: 19_073 };

test.each([
  { step: 0, rate: 6e-4 / 715 },
  { step: 356, rate: (6e-4 * 357) / 715 },
  { step: 714, rate: 6e-4 },
  { step: 715, rate: 6e-4 },
  { step: 715 + (19_073 - 715) / 2, rate: 3.3e-4 },
  { step: 715 + (19_073 - 715) / 3, rate: 6e-5 + 0.75 * 5.4e-4 },
  { step: 19_072, rate: 6e-5 + 0.5 * (1 + Math.cos((Math.PI * 18_357) / 18_358)) * 5.4e-4 },
  { step: 19_073, rate: 6e-5 },
  { step: 30_000, rate: 6e-5 },
])('the published run has the learning rate $rate at step $step', ({ step, rate }) => {
  expect(Math.abs(learningRateAt(step, PUBLISHED) - rate)).toBeLessThan(1e-17);
});

test('the learning rate rises until the end of the warm-up and falls after it', () => {
  const rates = Array.from({ length: PUBLISHED.steps }, (_, step) => learningRateAt(step, PUBLISHED));
  for (let step = 1; step < rates.length; step++) {
    const change = rates[step]! - rates[step - 1]!;
    if (step < 715) expect(change).toBeGreaterThan(0);
    else if (step === 715) expect(change).toBe(0);
    else expect(change).toBeLessThan(0);
  }
});

test('a run without warm-up starts at the peak; one that is all warm-up ends there', () => {
  expect(learningRateAt(0, { ...PUBLISHED, warmupSteps: 0 })).toBe(6e-4);
  expect(learningRateAt(9, { ...PUBLISHED, warmupSteps: 10, steps: 10 })).toBe(6e-4);
});

test('a constant rate stays at the peak until the warm-down, which is a line to the final rate', () => {
  const schedule = { learningRate: 1e-3, minLearningRate: 1e-4, warmupSteps: 10, steps: 100, warmdownSteps: 40 };
  const rates = [0, 9, 10, 59, 60, 61, 80, 99, 100].map((step) => learningRateAt(step, schedule));
  const fall = (left: number) => 1e-4 + (left / 40) * 9e-4;
  const expected = [1e-4, 1e-3, 1e-3, 1e-3, 1e-3, fall(39), fall(20), fall(1), 1e-4];
  rates.forEach((rate, index) => {
    expect(rate).toBeCloseTo(expected[index]!, 15);
  });
});
