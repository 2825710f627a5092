import { describe, expect, test } from 'vitest';
import { oneOf, realNumber, tokenCount, wholeNumber } from '#minillm/cli/flags.js';

test.each([
  ['0', 0],
  ['250000', 250_000],
  ['100k', 100_000],
  ['10M', 10_000_000],
  ['1.5M', 1_500_000],
  ['0.1k', 100],
  ['10B', 10_000_000_000],
  ['2g', 2_000_000_000],
])('%s tokens are %d', (text, expected) => {
  expect(tokenCount(0)(text)).toBe(expected);
});

test.each(['', 'M', '-1', '1.5', '1e6', '10 M', '10MB', '0x10', '9999999999B'])(
  '"%s" is no number of tokens',
  (text) => {
    expect(() => tokenCount(0)(text)).toThrow('Expected a whole number from 0, such as 250000 or 10M.');
  },
);

describe('bounds', () => {
  test('of whole numbers', () => {
    const parse = wholeNumber(1, 8);
    expect([parse('1'), parse('8')]).toEqual([1, 8]);
    for (const text of ['0', '9', '1.5', 'x', '', ' ', '1e0']) expect(() => parse(text)).toThrow('from 1 to 8.');
    expect(() => wholeNumber(3)('2')).toThrow('Expected a whole number from 3.');
  });

  test('of real numbers', () => {
    const parse = realNumber(0, 1);
    expect([parse('0'), parse('.5'), parse('1e-3')]).toEqual([0, 0.5, 0.001]);
    for (const text of ['-0.1', '1.1', 'x', '', ' ', 'NaN', 'Infinity'])
      expect(() => parse(text)).toThrow('from 0 to 1.');
    expect(() => realNumber(0)('-1')).toThrow('Expected a number from 0.');
  });
});

test('for a name that is none of the choices the nearest is suggested', () => {
  const parse = oneOf(['tiny', 'gpt2-124m']);
  expect(parse('tiny')).toBe('tiny');
  expect(() => parse('tyni')).toThrow('Allowed choices are tiny, gpt2-124m. (Did you mean tiny?)');
  expect(() => parse('llama')).toThrow(/gpt2-124m\.$/);
});
