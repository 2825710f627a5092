import { describe, expect, test } from 'vitest';
import { interpolate, inverse, stepTimes } from '#minillm/report/series/step-times.js';

const at = (step: number[], ms: (number | null)[], ...steps: number[]) =>
  steps.map((one) => Number(interpolate(stepTimes(step, ms), one).toFixed(6)));

describe('the time before a step', () => {
  test('is that of the steps before it; evaluations after the last step come after all of them', () => {
    expect(at([0, 1, 2], [1000, 2000, 3000], 0, 1, 2, 3, 4)).toEqual([0, 1, 3, 6, 6]);
  });

  test('is the same where a point is the mean of several steps', () => {
    const steps = Array.from({ length: 16 }, (_, step) => step);
    const durations = steps.map((step) => 100 + step);
    const thinned = (stride: number) => {
      const ends = steps.filter((step) => (step + 1) % stride === 0);
      const mean = (end: number): number =>
        durations.slice(end + 1 - stride, end + 1).reduce((sum, ms) => sum + ms, 0) / stride;
      return at(ends, ends.map(mean), 0, 8, 16);
    };
    for (const stride of [2, 4, 8]) expect(thinned(stride)).toEqual(at(steps, durations, 0, 8, 16));
  });

  test('begins at 0 for a run that went on from another', () => {
    expect(at([100, 101], [1000, 1000], 0, 100, 101, 102)).toEqual([0, 0, 1, 2]);
    expect(at([103, 107], [1000, 1000], 100, 102, 108)).toEqual([0, 2, 8]);
  });

  test('does not grow by steps whose duration is no number, and is 0 before the first', () => {
    expect(at([0, 1, 2], [1000, null, 1000], 1, 2, 3)).toEqual([1, 1, 2]);
    expect(at([0, 1, 2], [1000, Number.NaN, 1000], 1, 2, 3)).toEqual([1, 1, 2]);
    expect(at([], [], 0, 5)).toEqual([0, 0]);
  });

  test('tells the step, too', () => {
    const times = inverse(stepTimes([0, 1, 2], [1000, 2000, 3000]));
    expect([0, 1, 2, 6].map((seconds) => interpolate(times, seconds))).toEqual([0, 1, 1.5, 3]);
  });
});
