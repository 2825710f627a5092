/** @file The random choices that make one input. */

import type { Random } from '#minillm/support/random.js';

export class Choice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number from 0 to `count` − 1; 0 where there is none. */
  below(count: number): number {
    return count <= 1 ? 0 : Math.floor(this.#random.uniform() * count);
  }

  oneOf<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError('nothing to choose from');
    return values[this.below(values.length)] as T;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** A length up to `max`, short ones more often than long ones. */
  length(max: number): number {
    return Math.min(max, 2 ** this.below(Math.ceil(Math.log2(max + 1)) + 1) - this.below(2));
  }

  bytes(length: number): Buffer {
    return Buffer.from(Uint8Array.from({ length }, () => this.below(256)));
  }
}
