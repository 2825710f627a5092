import { describe, expect, it } from 'vitest';
import { permute } from '#minillm/data/batches/permute.js';

const order = (count: number, seed: number, epoch: number) =>
  Array.from({ length: count }, (_, index) => permute(index, count, seed, epoch));

describe('permute', () => {
  it('is a bijection for every count up to 300 and for counts around powers of four', () => {
    const counts = [...Array.from({ length: 300 }, (_, i) => i + 1), 1023, 1024, 1025, 4095, 4097, 16_385, 50_000];
    for (const count of counts) {
      const seen = new Set(order(count, 1337, 3));
      expect(seen.size).toBe(count);
      expect(Math.max(...seen)).toBe(count - 1);
    }
  });

  it('depends on seed and epoch and on nothing else', () => {
    expect(order(1000, 1, 2)).toEqual(order(1000, 1, 2));
    expect(order(1000, 1, 2)).not.toEqual(order(1000, 2, 2));
    expect(order(1000, 1, 2)).not.toEqual(order(1000, 1, 3));
    expect(order(1000, 1, 2)).not.toEqual(order(1000, 1 + 2 ** 32, 2));
  });

  it('stays the same from release to release, as resumed runs need', () => {
    expect(order(10, 1337, 0)).toEqual([4, 8, 1, 7, 0, 2, 9, 5, 6, 3]);
  });

  it('looks random: positions of item 0 over 10,000 epochs are uniform', () => {
    const hits = new Float64Array(10);
    for (let epoch = 0; epoch < 10_000; epoch++) hits[permute(0, 10, 5, epoch)]!++;
    const chiSquare = hits.reduce((sum, hit) => sum + (hit - 1000) ** 2 / 1000, 0);
    // 9 degrees of freedom: 27.9 is exceeded by chance once in a thousand
    expect(chiSquare).toBeLessThan(27.9);
  });

  it('looks random: neighbours do not stay neighbours', () => {
    const shuffled = order(100_000, 1337, 0);
    const kept = shuffled.filter((value, i) => i > 0 && Math.abs(value - shuffled[i - 1]!) === 1).length;
    // expected 2; Poisson
    expect(kept).toBeLessThan(12);
  });

  it('works for counts past 2^32', () => {
    const count = 2 ** 40 + 12_345;
    const values = Array.from({ length: 1000 }, (_, i) => permute(i * 1_000_003, count, 9, 1));
    expect(new Set(values).size).toBe(1000);
    for (const value of values) expect(value >= 0 && value < count && Number.isInteger(value)).toBe(true);
    expect(Math.max(...values)).toBeGreaterThan(2 ** 39);
  });
});
