/** @file What is done to curves before they are drawn: fewer points, a smooth course, a range. */

import { describe, expect, test } from 'vitest';
import { accuracyRange, decimalsOf, lossRange, tickedRange } from '#minillm/report/figure/axis-range.js';
import type { Series } from '#minillm/report/series/curves.js';
import { downsample } from '#minillm/report/series/downsample.js';
import { smooth } from '#minillm/report/series/smooth.js';
import { lossAt } from './synthetic-run.ts';

function series(length: number, value: (step: number) => number): Series {
  const steps = Array.from({ length }, (_, step) => step);
  return { steps, values: steps.map(value) };
}

describe('downsampling', () => {
  test('leaves a short series as it is', () => {
    const short = series(100, lossAt);
    expect(downsample(short, 100)).toBe(short);
  });

  test('keeps every extreme, the ends, and the order of steps', () => {
    const spiked = series(100_000, (step) => (step === 43_210 ? 99 : step === 76_543 ? -99 : Math.sin(step / 1000)));
    const { steps, values } = downsample(spiked, 1000);
    expect(steps.length).toBeLessThanOrEqual(1250);
    expect(values[steps.indexOf(43_210)]).toBe(99);
    expect(values[steps.indexOf(76_543)]).toBe(-99);
    expect([steps[0], steps.at(-1)]).toEqual([0, 99_999]);
    expect(steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? 0))).toBe(true);
  });

  test('keeps gaps', () => {
    const gap = series(10_000, (step) => (step > 4000 && step < 6000 ? Number.NaN : 1));
    expect(downsample(gap, 100).values.filter(Number.isNaN).length).toBeGreaterThan(4);
    const single = series(10_000, (step) => (step === 5000 ? Number.NaN : 1));
    expect(downsample(single, 100).values.filter(Number.isNaN)).toHaveLength(1);
  });
});

describe('smoothing', () => {
  test('takes the noise away and lags nowhere', () => {
    const clean = (step: number): number => 3 + 8 * Math.exp(-step / 300);
    const noisy = series(20_000, (step) => clean(step) + 0.2 * Math.sin(step * 12.9898));
    const errors = smooth(noisy).values.map((value, step) => Math.abs(value - clean(step)));
    // after the first steps, which are hardly averaged
    expect(Math.max(...errors.slice(200))).toBeLessThan(0.05);
    expect(Math.max(...errors.slice(-50))).toBeLessThan(0.03);
  });

  test("ends a short run in a mean of many steps, not in its last step's noise", () => {
    const noisy = series(1500, (step) => 3 + (step % 2 === 0 ? 1 : -1) * ((step % 7) / 7));
    const end = smooth(noisy).values.at(-1) ?? 0;
    expect(Math.abs(end - 3)).toBeLessThan(0.05);
  });

  test('passes over what is no number, and stays without one where there is none', () => {
    const holed = series(1000, (step) => (step === 500 ? Number.NaN : 2));
    expect(smooth(holed).values.every((value) => value === 2)).toBe(true);
    expect(smooth(series(10, () => Number.NaN)).values.every(Number.isNaN)).toBe(true);
  });
});

describe('ranges', () => {
  test('of a loss leave out its steep start and take in a reference that is near', () => {
    const { min, max } = lossRange([series(2000, lossAt)], [], [3.29]);
    expect(min).toBeLessThanOrEqual(3.1);
    expect(max).toBeGreaterThan(3.3);
    expect(max).toBeLessThan(5);
    expect(lossRange([series(2000, () => 0.5)], [], [3.29]).max).toBeLessThan(1);
  });

  test('of accuracies take in every reference', () => {
    expect(accuracyRange([series(10, () => 0.26)], [0.2955, 0.337])).toEqual({ min: 0.26, max: 0.34, interval: 0.01 });
  });

  test('begin and end on ticks, whatever the values', () => {
    for (const values of [[0], [3, 3], [1e-9, 2e-9], [-5, 1e6], [Number.NaN], []]) {
      const { min, max, interval } = tickedRange(values.filter(Number.isFinite));
      expect(min).toBeLessThan(max);
      expect(Math.abs(min / interval - Math.round(min / interval))).toBeLessThan(1e-6);
      expect((max - min) / interval).toBeLessThan(12);
    }
  });

  test('have as many decimals as ticks need to differ', () => {
    expect([1, 0.5, 0.25, 0.02, 50].map(decimalsOf)).toEqual([0, 1, 2, 2, 0]);
  });
});
