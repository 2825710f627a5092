/** @file A limit on how often something happens. */

export class Pace {
  readonly #milliseconds: number;
  #last = Number.NEGATIVE_INFINITY;

  /** @param milliseconds the least time between one and the next */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Whether enough time has passed; if so, the next interval begins. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.#last < this.#milliseconds) return false;
    this.#last = now;
    return true;
  }

  /** Begins a new interval. */
  wait(): void {
    this.#last = performance.now();
  }
}
