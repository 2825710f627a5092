import { describe, expect, test } from 'vitest';
import { median } from '#minillm/support/median.js';

describe('median', () => {
  test('is the middle value, whatever the order', () => expect(median([9, 1, 4])).toBe(4));
  test('of an even number is the mean of the two in the middle', () => expect(median([8, 1, 4, 2])).toBe(3));
  test('of none is no number', () => expect(median([])).toBeNaN());
});
