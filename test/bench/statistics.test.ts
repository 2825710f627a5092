import { describe, expect, test } from 'vitest';
import { median, speedup } from '../../bench/statistics.ts';

describe('median', () => {
  test('is the middle value, whatever the order', () => expect(median([9, 1, 4])).toBe(4));
  test('of an even number is the mean of the two in the middle', () => expect(median([8, 1, 4, 2])).toBe(3));
  test('of none is no number', () => expect(median([])).toBeNaN());
});

describe('speedup', () => {
  test('compares within rounds: a machine that slows down in between changes nothing', () =>
    expect(speedup([100, 50, 10], [50, 25, 5], 'tok/s')).toBe(2));
  test('of times is above 1 when ours are shorter', () => expect(speedup([1, 1], [3, 3], 's')).toBe(3));
  test('leaves out rounds that one of the two missed', () =>
    expect(speedup([100, undefined, 90], [50, 1, undefined], 'tok/s')).toBe(2));
});
