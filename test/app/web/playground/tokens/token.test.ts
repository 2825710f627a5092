import { expect, test } from 'vitest';
import { coveredShare, meanLoss, rankOf, relativeEntropy } from '../../../../../src/app/web/playground/tokens/token.ts';

const top = (...shares: number[]) => shares.map((share, id) => ({ id, logprob: Math.log(share) }));

test('a rank counts from one, and is unknown beyond the alternatives', () => {
  expect(rankOf({ id: 1, top: top(0.5, 0.3) })).toBe(2);
  expect(rankOf({ id: 7, top: top(0.5, 0.3) })).toBeUndefined();
});

test('the share covered is the sum of probabilities, never above one', () => {
  expect(coveredShare(top(0.5, 0.3))).toBeCloseTo(0.8, 12);
  expect(coveredShare(top(0.7, 0.3000001))).toBe(1);
});

test('entropy is nothing for a sure choice and full for an even one, whatever share is covered', () => {
  expect(relativeEntropy(top(1, 1e-12))).toBeCloseTo(0, 8);
  expect(relativeEntropy(top(0.01, 0.01, 0.01))).toBeCloseTo(1, 12);
  // H(3/4, 1/4) = 0.8113 bits of at most one
  expect(relativeEntropy(top(0.3, 0.1))).toBeCloseTo(0.8113, 4);
  expect(relativeEntropy([])).toBe(0);
});

test('the mean loss leaves out the first token, which nothing predicts', () => {
  const token = (logprob: number | null) => ({ id: 0, text: '', logprob, top: [] });
  expect(meanLoss([token(null), token(-1), token(-3)])).toBe(2);
  expect(meanLoss([token(null)])).toBeUndefined();
});
