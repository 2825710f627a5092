import { describe, expect, test } from 'vitest';
import { shorten, shortNames } from '#minillm/report/series/short-names.js';

test('a long text loses its middle', () => {
  expect(shorten('abcdefghij', 10)).toBe('abcdefghij');
  expect(shorten('abcdefghijk', 6)).toBe('abc…jk');
});

describe('short names of runs', () => {
  test('are the names themselves where there is room', () => {
    expect(shortNames(['run-1', 'run-2'], 10)).toEqual(['run-1', 'run-2']);
    expect(shortNames(['a-long-name'], 6)).toEqual(['a-l…me']);
  });

  test('keep what distinguishes them, in whole words', () => {
    const names = [1, 10].map((rate) => `experiment-learning-rate-${rate}e-4-batch-524288`);
    expect(shortNames(names, 24)).toEqual(['…1e…', '…10e…']);
  });

  test('say what is left when one name is the beginning of another', () => {
    expect(shortNames(['experiment-of-today', 'experiment-of-today-again'], 16)).toEqual(['…today', '…today-again']);
  });

  test('stay different, whatever else is beside them', () => {
    const rates = [1, 2].map((rate) => `experiment-with-long-name-lr-0.00${rate}-and-batch-512`);
    expect(shortNames(['baseline', ...rates], 20)).toEqual(['baseline', '…0.001…', '…0.002…']);
    const unbroken = ['a', 'b'].map((letter) => `${'x'.repeat(20)}${letter}${'y'.repeat(20)}`);
    expect(shortNames(unbroken, 12)).toEqual(['1 xxxx…yyyy', '2 xxxx…yyyy']);
  });

  test('are never longer than asked for', () => {
    for (const name of shortNames(['one quite different name', 'another quite different one'], 12))
      expect(name.length).toBe(12);
  });
});
