import { expect, test } from 'vitest';
import {
  formatOdds,
  formatProbability,
  spokenToken,
  visibleToken,
} from '../../../../../src/app/web/playground/tokens/format-probability.ts';

test('probabilities are percentages, small ones odds', () => {
  expect([1, 0.424, 0.0996, 0.0421, 0.00421, 0.0001, 1 / 50257].map(formatProbability)).toEqual([
    '100 %',
    '42 %',
    '10 %',
    '4.2 %',
    '0.42 %',
    '0.01 %',
    '1 in 50,257',
  ]);
});

test('odds have a decimal while they are small', () => {
  expect([2.64, 9.96, 1234.5, Number.POSITIVE_INFINITY].map(formatOdds)).toEqual(['2.6', '10', '1,235', '∞']);
});

test('white space can be seen, and be heard', () => {
  expect(visibleToken(' the\n')).toBe('␣the⏎');
  expect(spokenToken(' the')).toBeUndefined();
  expect(spokenToken('\n ')).toBe('line break, space');
  expect(spokenToken('')).toBe('no text of its own');
});
