import { describe, expect, test } from 'vitest';
import { fillNormal, philox, Random } from '#minillm/support/random.js';

// kat_vectors of the authors' Random123 library: counter, key, result
const KNOWN_ANSWERS: [number[], number[], number[]][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test.each(KNOWN_ANSWERS)('philox of counter %j under key %j gives the published words', (counter, key, expected) => {
  const block = new Int32Array(4);
  const [c0, c1, c2, c3] = counter as [number, number, number, number];
  const [k0, k1] = key as [number, number];
  philox(block, c0, c1, c2, c3, k0, k1);
  expect([...new Uint32Array(block.buffer)]).toEqual(expected);
});

/** Mean and the second to fourth moments about zero. */
function moments(values: Float32Array): number[] {
  const sums = [0, 0, 0, 0];
  for (const value of values) {
    for (let power = 1; power <= 4; power++) sums[power - 1]! += value ** power;
  }
  return sums.map((sum) => sum / values.length);
}

describe('Random', () => {
  test('gives the same numbers for the same seed and stream, others for other ones', () => {
    const first = (seed: number, stream: number | string) => new Random(seed, stream).uint32();
    expect(first(1, 2)).toBe(first(1, 2));
    const distinct = [
      first(1, 2),
      first(2, 2),
      first(1, 3),
      first(1, 'a'),
      first(1, 'b'),
      first(1 + 2 ** 32, 2),
      first(-1, 2),
    ];
    expect(new Set(distinct).size).toBe(distinct.length);
  });

  test('walks through the words of consecutive blocks', () => {
    const random = new Random(0, 0);
    const words = Array.from({ length: 8 }, () => random.uint32());
    const block = new Int32Array(4);
    philox(block, 1, 0, 0, 0, 0, 0);
    expect(words.slice(0, 4)).toEqual(KNOWN_ANSWERS[0]![2]);
    expect(words.slice(4)).toEqual([...new Uint32Array(block.buffer)]);
  });

  test('uniform lies in [0, 1) and fills it evenly', () => {
    const random = new Random(7, 'uniform');
    const bins = new Array<number>(10).fill(0);
    for (let index = 0; index < 100_000; index++) {
      const value = random.uniform();
      expect(value >= 0 && value < 1).toBe(true);
      bins[Math.floor(value * 10)]! += 1;
    }
    // five standard deviations of a bin's count: 5·√(n·p·(1−p)) ≈ 474
    for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(474);
  });
});

describe('fillNormal', () => {
  test('has the moments of N(0, std²)', () => {
    const values = new Float32Array(1_000_000);
    fillNormal(values, 1, 42, 'transformer.wte.weight');
    const [mean, variance, skew, kurtosis] = moments(values);
    // five standard errors: √(1/n), √(2/n), √(15/n), √(96/n)
    expect(Math.abs(mean!)).toBeLessThan(0.005);
    expect(Math.abs(variance! - 1)).toBeLessThan(0.0071);
    expect(Math.abs(skew!)).toBeLessThan(0.0194);
    expect(Math.abs(kurtosis! - 3)).toBeLessThan(0.049);
  });

  test('scales with std and depends only on the place within the target', () => {
    const long = new Float32Array(1003);
    const short = new Float32Array(10);
    fillNormal(long, 0.02, 1, 'x');
    fillNormal(short, 0.04, 1, 'x');
    expect([...short]).toEqual([...long.slice(0, 10)].map((value) => 2 * value));
    expect(long.every((value) => value !== 0 && Number.isFinite(value))).toBe(true);
  });
});
