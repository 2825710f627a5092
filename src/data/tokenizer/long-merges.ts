/** @file Byte-pair merges in time n log n, for pieces too long for a scan over all pairs at every merge. */
import { NO_RANK, type PairRanks } from './pair-ranks.ts';

/** A candidate merge is one number, rank · 2³² + position: the lowest is the lowest rank, and of its places the leftmost. */
const RANK_UNIT = 2 ** 32;

/** A binary heap of numbers, the lowest on top. */
class MinHeap {
  readonly #numbers: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#numbers = new Float64Array(capacity);
  }

  push(number: number): void {
    const numbers = this.#numbers;
    let index = this.#size++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (numbers[parent]! <= number) break;
      numbers[index] = numbers[parent]!;
      index = parent;
    }
    numbers[index] = number;
  }

  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const numbers = this.#numbers;
    const lowest = numbers[0];
    const size = --this.#size;
    const last = numbers[size]!;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && numbers[child + 1]! < numbers[child]!) child++;
      if (numbers[child]! >= last) break;
      numbers[index] = numbers[child]!;
      index = child;
    }
    numbers[index] = last;
    return lowest;
  }
}

/**
 * Merges `count` tokens in place and returns how many are left. Tokens are a linked list by their first positions; a
 * candidate in the heap is out of date when the pair at its position has another rank by now.
 */
export function mergeLong(tokens: Uint16Array, count: number, pairs: PairRanks): number {
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  /** The rank of each token with the next one. */
  const ranks = new Uint16Array(count).fill(NO_RANK);
  const candidates = new MinHeap(2 * count);

  function consider(left: number, right: number): void {
    const rank = right < count && left >= 0 ? pairs.rankOf(tokens[left]!, tokens[right]!) : NO_RANK;
    if (left >= 0) ranks[left] = rank;
    if (rank !== NO_RANK) candidates.push(rank * RANK_UNIT + left);
  }

  for (let position = 0; position < count; position++) {
    next[position] = position + 1;
    previous[position] = position - 1;
    consider(position, position + 1);
  }
  for (let candidate = candidates.pop(); candidate !== undefined; candidate = candidates.pop()) {
    const rank = Math.floor(candidate / RANK_UNIT);
    const left = candidate % RANK_UNIT;
    if (ranks[left] !== rank) continue;
    const right = next[left]!;
    const after = next[right]!;
    tokens[left] = rank;
    ranks[right] = NO_RANK;
    next[left] = after;
    if (after < count) previous[after] = left;
    consider(left, after);
    consider(previous[left]!, left);
  }

  let left = 0;
  for (let position = 0; position < count; position = next[position]!) tokens[left++] = tokens[position]!;
  return left;
}
