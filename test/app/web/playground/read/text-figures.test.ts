import { expect, test } from 'vitest';
import { figuresOf, textFigures } from '../../../../../src/app/web/playground/read/text-figures.ts';

const token = (text: string, logprob: number | null) => ({ id: 0, text, logprob, top: [] });

test('loss, perplexity and bits per byte of what is predicted', () => {
  // 3 + 5 bytes that cost 2 + 6 bits
  const tokens = [token('First', null), token(' né'.slice(1), -2 * Math.LN2), token(' time', -6 * Math.LN2)];
  const figures = textFigures(tokens);
  expect(figures?.loss).toBeCloseTo(4 * Math.LN2, 12);
  expect(figures?.perplexity).toBeCloseTo(16, 10);
  expect(figures?.bitsPerByte).toBeCloseTo(1, 12);
});

test('guessing evenly among GPT-2’s tokens costs ln 50257 for each', () => {
  const { perplexity } = figuresOf(Math.log(50257), [token('a', null), token('b', -1)]);
  expect(perplexity).toBeCloseTo(50257, 6);
});

test('a text of one token has no figures', () => {
  expect(textFigures([token('a', null)])).toBeUndefined();
});
