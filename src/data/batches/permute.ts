/**
 * @file A random order of N things without a table: a Feistel network over the next power of four ≥ N is a permutation
 * of that many numbers, and walking on until the result is below N makes it one of N (cycle walking; Black and Rogaway,
 * "Ciphers with arbitrary finite domains", CT-RSA 2002). Fewer than four walks are expected.
 */
import { philox } from '../../support/random.ts';

const ROUNDS = 8;
/** The counter's last word: keeps these numbers apart from the streams of `Random`, which put 0 or 1 there. */
const SHUFFLE_KIND = 2;

const block = new Int32Array(4);

/**
 * Where item `index` of `count` stands in the order of an epoch: a bijection of [0, count), the same on every machine.
 * @param count at most 2^52.
 * @param seed, epoch non-negative safe integers; another of either gives another order.
 */
export function permute(index: number, count: number, seed: number, epoch: number): number {
  let half = 1;
  while (half * half < count) half *= 2;
  const seedLow = seed | 0;
  const seedHigh = Math.floor(seed / 2 ** 32) | 0;
  let value = index;
  do {
    let left = Math.floor(value / half);
    let right = value % half;
    for (let round = 0; round < ROUNDS; round++) {
      philox(block, right, epoch, round, SHUFFLE_KIND, seedLow, seedHigh);
      const next = left ^ (block[0]! & (half - 1));
      left = right;
      right = next;
    }
    value = left * half + right;
  } while (value >= count);
  return value;
}
