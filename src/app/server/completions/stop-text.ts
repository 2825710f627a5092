/** @file Text that ends where one of some strings would begin, told as soon as it is sure. */

export class StopText {
  readonly #stops: readonly string[];
  /** What has not been told: it may be the beginning of a stop. */
  #held = '';
  stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Adds text, and returns what can be told. */
  push(text: string): string {
    if (this.stopped) return '';
    const all = this.#held + text;
    const starts = this.#stops.map((stop) => all.indexOf(stop)).filter((start) => start >= 0);
    this.stopped = starts.length > 0;
    const end = this.stopped ? Math.min(...starts) : all.length - this.#undecided(all);
    this.#held = this.stopped ? '' : all.slice(end);
    return all.slice(0, end);
  }

  /** What was held back, once there is no more text. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** Characters at the end with which a stop may begin. */
  #undecided(text: string): number {
    const longest = Math.max(0, ...this.#stops.map(({ length }) => length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const tail = text.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(tail))) return length;
    }
    return 0;
  }
}
