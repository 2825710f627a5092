import { expect, test } from 'vitest';
import { DURATION_INTERVALS, formatDurationTick } from '#minillm/report/figure/durations.js';

test('the marks of a time axis are told apart', () => {
  const marks = (distance: number, ...values: number[]) => values.map((value) => formatDurationTick(value, distance));
  expect(marks(0.5, 0.5, 1)).toEqual(['0.5 s', '1.0 s']);
  expect(marks(15, 0, 45, 60, 75)).toEqual(['0', '45 s', '1 m', '1 m 15 s']);
  expect(marks(1800, 1800, 3600, 5400)).toEqual(['30 m', '1 h', '1 h 30 m']);
  expect(marks(43_200, 43_200, 86_400, 129_600)).toEqual(['12 h', '1 d', '1 d 12 h']);
  for (const interval of DURATION_INTERVALS)
    expect(new Set(marks(interval, ...[0, 1, 2, 3, 4, 5].map((count) => count * interval))).size).toBe(6);
});

test('distances between marks ascend', () => {
  expect(DURATION_INTERVALS).toEqual(DURATION_INTERVALS.toSorted((a, b) => a - b));
});
