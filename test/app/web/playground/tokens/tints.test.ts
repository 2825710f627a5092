import { expect, test } from 'vitest';
import {
  differenceLevel,
  entropyLevel,
  legendOf,
  levelOf,
  probabilityLevel,
  rankLevel,
  TINTS,
} from '../../../../../src/app/web/playground/tokens/tints.ts';

test('the less likely a token, the higher its level, at the limits that the legend names', () => {
  const levels = [1, 0.5, 0.49, 0.2, 0.05, 0.01, 0.001, 1e-4, 1 / 50257].map((p) => probabilityLevel(Math.log(p)));
  expect(levels).toEqual([0, 0, 1, 1, 2, 3, 4, 5, 6]);
  expect(legendOf('probability', 5).map(({ level }) => level)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test('ranks and entropies rise from 0 to 6', () => {
  expect([1, 2, 3, 4, 10, undefined].map(rankLevel)).toEqual([0, 2, 2, 4, 4, 6]);
  expect([0, 0.14, 0.15, 0.5, 1].map(entropyLevel)).toEqual([0, 0, 1, 3, 6]);
});

test('a difference has the sign of the model that holds the token likelier', () => {
  const levels = [1, 1.9, 2, 8, 64, 1000].map((ratio) => differenceLevel(Math.log(ratio) - 5, -5));
  expect(levels).toEqual([0, 0, 1, 2, 3, 3]);
  expect(differenceLevel(-9, -5)).toBe(-2);
});

test('a token that nothing predicts has no colour, nor a difference before the other model has read it', () => {
  const token = { id: 1, text: 'a', logprob: -1, top: [] };
  for (const tint of TINTS) expect(levelOf(tint, { ...token, logprob: null }, token)).toBeUndefined();
  expect(levelOf('difference', token, undefined)).toBeUndefined();
  expect(levelOf('difference', token, { ...token, logprob: -4 })).toBe(2);
});
