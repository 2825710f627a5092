import { expect, test } from 'vitest';
import { guessed, NO_SCORE, newRound } from '../../../../../src/app/web/playground/blind/rounds.ts';

const draws =
  (...numbers: number[]) =>
  () =>
    numbers.shift() ?? 0;

test('the trained model stands on either side, beside one of the others', () => {
  expect(newRound('m', ['untrained', 'm@10'], draws(0, 0.4))).toEqual({ models: ['m', 'untrained'], answer: 0 });
  expect(newRound('m', ['untrained', 'm@10'], draws(0.9, 0.6))).toEqual({ models: ['m@10', 'm'], answer: 1 });
});

test('a guess is counted once', () => {
  const round = newRound('m', ['untrained'], draws(0, 0.9));
  const [once, score] = guessed(round, 1, NO_SCORE);
  expect(score).toEqual({ right: 1, total: 1 });
  expect(guessed(once, 0, score)).toEqual([once, score]);
  expect(guessed(round, 0, score)[1]).toEqual({ right: 1, total: 2 });
});
