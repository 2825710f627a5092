/** @file Saying something now and then, however often there is something to say. */

export class Pace {
  readonly #milliseconds: number;
  #last = Number.NEGATIVE_INFINITY;

  /** @param milliseconds that lie between one time and the next, at least */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Whether it is time, which it then is not for a while. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.#last < this.#milliseconds) return false;
    this.#last = now;
    return true;
  }

  /** Lets a whole interval pass before the next time. */
  wait(): void {
    this.#last = performance.now();
  }
}
