import { expect, test } from 'vitest';
import { curvePath, lossRange } from '../../../../../src/app/web/playground/steps/curve.ts';

test('a curve goes from the highest loss at the top to the lowest at the bottom', () => {
  const frame = { last: 9, lowest: 2, highest: 10, width: 100, height: 40 };
  const points = [
    { step: 0, loss: 10 },
    { step: 9, loss: 2 },
  ];
  expect(curvePath(points, frame)).toBe('M0.0 0.0L100.0 40.0');
  expect(curvePath([], frame)).toBe('');
});

test('losses that are no numbers do not stretch the range', () => {
  expect(lossRange([3, Number.NaN, 1, Number.POSITIVE_INFINITY])).toEqual({ lowest: 1, highest: 3 });
});
