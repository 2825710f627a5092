import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatDuration } from '#minillm/support/format.js';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_499, '999 kB'],
  [999_999, '1.00 MB'],
  [9_999_000, '10.0 MB'],
  [497_759_232, '498 MB'],
  [71_200_000_000, '71.2 GB'],
])('%d bytes read %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});

test.each([
  [0.085, '85 ms'],
  [0.9999, '1.0 s'],
  [12.34, '12.3 s'],
  [59.99, '1 m 00 s'],
  [249, '4 m 09 s'],
  [3599.7, '1 h 00 m'],
  [11_520, '3 h 12 m'],
  [86_399, '1 d 0 h'],
  [190_800, '2 d 5 h'],
  [Number.POSITIVE_INFINITY, 'unknown'],
])('%d seconds read %s', (seconds, expected) => {
  expect(formatDuration(seconds)).toBe(expected);
});

test('counts have thousands separators', () => {
  expect(formatCount(124_439_808)).toBe('124,439,808');
  expect(formatCount(42)).toBe('42');
});
