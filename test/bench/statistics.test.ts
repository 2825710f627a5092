import { describe, expect, test } from 'vitest';
import { speedup } from '../../bench/statistics.ts';

describe('speedup', () => {
  test('compares within rounds: a machine that slows down in between changes nothing', () =>
    expect(speedup([100, 50, 10], [50, 25, 5], 'tok/s')).toBe(2));
  test('of times is above 1 when ours are shorter', () => expect(speedup([1, 1], [3, 3], 's')).toBe(3));
  test('leaves out rounds that one of the two missed', () =>
    expect(speedup([100, undefined, 90], [50, 1, undefined], 'tok/s')).toBe(2));
});
