import { expect, test } from 'vitest';
import { Random } from '#minillm/support/random.js';
import { RecentValues } from '#minillm/train/outliers.js';

const WINDOW = 128;
const MIN_VALUES = 32;

function randomValues(count: number): number[] {
  const random = new Random(3, 'outliers');
  return Array.from({ length: count }, () => 3 + random.uniform());
}

/** Mean and standard deviation of the whole window, by Σx and Σx². */
function statisticsOf(values: readonly number[]) {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(squares / values.length - mean * mean) };
}

test.each([MIN_VALUES, 100, WINDOW, 300])('after %i values, scores are z-scores among the last 128', (count) => {
  const values = randomValues(count);
  const recent = new RecentValues();
  for (const value of values) recent.add(value);
  const { mean, deviation } = statisticsOf(values.slice(-WINDOW));
  for (const value of [2, 3.5, 9]) expect(recent.score(value)).toBeCloseTo((value - mean) / deviation, 9);
  for (const score of [0, 3, 6]) expect(recent.limit(score)).toBeCloseTo(mean + score * deviation, 9);
});

test('with fewer than 32 values there is no score, and no limit', () => {
  const recent = new RecentValues(randomValues(MIN_VALUES - 1));
  expect(recent.score(9)).toBeUndefined();
  expect(recent.limit(3)).toBe(Number.POSITIVE_INFINITY);
  recent.add(3);
  expect(recent.score(9)).toBeGreaterThan(3);
  expect(recent.limit(3)).toBeLessThan(9);
});

test('values that are not finite are left out', () => {
  const values = randomValues(40);
  const recent = new RecentValues(values);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) recent.add(value);
  expect(recent.values).toEqual(values);
});

test('nothing stands out among equal values: every score is 0', () => {
  const recent = new RecentValues(Array<number>(MIN_VALUES).fill(2));
  expect(recent.score(5)).toBe(0);
  expect(recent.limit(3)).toBe(2);
});

test('the list it starts from stays as it is', () => {
  const values = randomValues(WINDOW);
  const before = [...values];
  new RecentValues(values).add(1);
  expect(values).toEqual(before);
});
