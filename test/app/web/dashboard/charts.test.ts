import { expect, test } from 'vitest';
import { alignedData, fittingRange, valueAt } from '../../../../src/app/web/dashboard/chart-data.ts';
import { smooth } from '../../../../src/app/web/dashboard/smoothing.ts';

test('smoothing is the mean weighted towards the newest, without a bias to the start', () => {
  const constant = Array.from({ length: 200 }, () => 3);
  for (const value of smooth(constant, 0.9)) expect(value).toBeCloseTo(3, 12);
  const values = Array.from({ length: 200 }, (_, step) => (step < 100 ? 0 : 1));
  const smoothed = smooth(values, 0.9);
  expect(smoothed[99]).toBe(0);
  expect(smoothed[109]).toBeCloseTo(1 - 0.9 ** 10, 4);
  expect(smooth(values, 0)).toBe(values);
  expect(smooth([1, null, 3], 0.9)).toEqual([1, null, 3]);
});

test('curves measured at different steps share one row of steps', () => {
  const curve = (steps: number[], values: (number | null)[]) => ({ label: '', colour: '', steps, values });
  const data = alignedData([curve([0, 1, 2], [3, 2, 1]), curve([0, 2], [5, 4])], false);
  expect(data.map((column) => [...column])).toEqual([
    [0, 1, 2],
    [3, 2, 1],
    [5, undefined, 4],
  ]);
  expect(valueAt(data[2] ?? [], 1)).toBe(5);
  expect(valueAt([null, null], 1)).toBeUndefined();
  expect(alignedData([curve([0, 1], [0, 2])], true)[1]).toEqual([null, 2]);
});

test('the axis fits the values but for a few outlying ones', () => {
  const losses = Array.from({ length: 1000 }, (_, step) => (step < 10 ? 11 : 3 + step / 1000));
  const [low, high] = fittingRange([losses], 0, 999);
  expect(low).toBeGreaterThan(2.8);
  expect(low).toBeLessThan(3.01);
  expect(high).toBeGreaterThan(3.999);
  expect(high).toBeLessThan(4.5);
  expect(fittingRange([[null]], 0, 0)).toEqual([0, 1]);
  const [lowest, highest] = fittingRange([[2, 2]], 0, 1);
  expect(highest).toBeGreaterThan(lowest);
});
