import { expect, test } from 'vitest';
import { keepNucleus, kthLargest } from '#minillm/generate/selection.js';
import { fillNormal, Random } from '#minillm/support/random.js';

const random = new Random(1, 'selection test');
/** Values on a coarse grid, so that many are equal. */
function values(count: number): Float32Array {
  const normal = new Float32Array(count);
  fillNormal(normal, 8, 1, `${count} values`);
  return normal.map((value) => Math.round(20 + value));
}

test('the k-th largest is that of a full sort, ties counted, for every k', () => {
  for (const count of [1, 2, 3, 10, 100]) {
    const unsorted = values(count);
    const sorted = [...unsorted].sort((a, b) => b - a);
    for (let k = 1; k <= count; k++) expect(kthLargest(unsorted, k)).toBe(sorted[k - 1]);
  }
});

/** Likeliest first, of equal ones the first; kept while those before do not reach the share. */
function naiveNucleus(weights: Float64Array, share: number): Set<number> {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b);
  const kept = new Set<number>();
  let mass = 0;
  for (const index of order) {
    if (mass >= share * total) break;
    kept.add(index);
    mass += weights[index]!;
  }
  return kept;
}

test('the nucleus is that of a full sort: the fewest most likely tokens, the first in a tie', () => {
  for (const count of [1, 2, 7, 300]) {
    for (const share of [1e-18, 0.01, 0.3, 0.5, 0.9, 0.999]) {
      // sixteenths, whose sums are exact in any order
      const weights = Float64Array.from({ length: count }, () => Math.ceil(random.uniform() ** 3 * 64) / 16);
      const expected = naiveNucleus(weights, share);
      const kept = weights.slice();
      keepNucleus(kept, share);
      expect([...kept.keys()].filter((index) => kept[index]! > 0)).toEqual([...expected].sort((a, b) => a - b));
      for (const index of expected) expect(kept[index]).toBe(weights[index]);
    }
  }
});
