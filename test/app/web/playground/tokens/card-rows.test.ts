import { expect, test } from 'vitest';
import { cardRows } from '../../../../../src/app/web/playground/tokens/card-rows.ts';

const top = (...pairs: [id: number, logprob: number][]) => pairs.map(([id, logprob]) => ({ id, logprob }));

test('the alternatives of both models are one list, likeliest first, with the written token in it', () => {
  const own = { id: 7, text: 'x', logprob: -4, top: top([1, -1], [2, -2]) };
  const other = { id: 7, text: 'x', logprob: -6, top: top([3, -1], [2, -3], [4, -5]) };
  expect(cardRows(own, other)).toEqual([
    { id: 1, own: -1, other: undefined },
    { id: 2, own: -2, other: -3 },
    { id: 7, own: -4, other: -6 },
    { id: 3, own: undefined, other: -1 },
    { id: 4, own: undefined, other: -5 },
  ]);
});

test('before the other model has answered there are only its own', () => {
  const own = { id: 1, text: 'x', logprob: -1, top: top([1, -1], [2, -2]) };
  expect(cardRows(own, undefined).map(({ id, other }) => [id, other])).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
});
