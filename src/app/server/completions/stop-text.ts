/** @file Text that ends before the first of some stop strings, passed on as soon as it is certain, in time linear in its length. */

/** A string to stop at, prepared for the algorithm of Knuth, Morris and Pratt. */
export interface Stop {
  readonly text: string;
  /** For each length of a prefix, the length of its longest proper suffix that is also a prefix. */
  readonly shorter: Int32Array;
}

export function prepareStop(text: string): Stop {
  const shorter = new Int32Array(text.length + 1);
  const stop = { text, shorter };
  for (let length = 2; length <= text.length; length++)
    shorter[length] = extended(stop, shorter[length - 1] ?? 0, text.charCodeAt(length - 1));
  return stop;
}

/** The length of the stop's prefix that is matched when `length` of it was and a character follows. */
function extended({ text, shorter }: Stop, length: number, character: number): number {
  let found = length;
  while (found > 0 && (found === text.length || text.charCodeAt(found) !== character)) found = shorter[found] ?? 0;
  return text.charCodeAt(found) === character ? found + 1 : 0;
}

export class StopText {
  readonly #stops: readonly Stop[];
  /** The length of each stop's prefix that the text ends with. */
  readonly #found: Int32Array;
  /** Text held back, because it may be the beginning of a stop. */
  #held = '';
  stopped = false;

  constructor(stops: readonly Stop[]) {
    this.#stops = stops;
    this.#found = new Int32Array(stops.length);
  }

  /** Adds text and returns what can be passed on. */
  push(text: string): string {
    if (this.stopped) return '';
    const all = this.#held + text;
    for (let index = this.#held.length; index < all.length; index++) {
      const stop = this.#longestStop(all.charCodeAt(index));
      if (stop === 0) continue;
      this.stopped = true;
      this.#held = '';
      return all.slice(0, index + 1 - stop);
    }
    const end = all.length - Math.max(0, ...this.#found);
    this.#held = all.slice(end);
    return all.slice(0, end);
  }

  /** Call once there is no more text: returns what was held back. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** Adds a character; returns the length of the longest stop that it completes, or 0. */
  #longestStop(character: number): number {
    let longest = 0;
    for (const [index, stop] of this.#stops.entries()) {
      const length = extended(stop, this.#found[index] ?? 0, character);
      this.#found[index] = length;
      if (length === stop.text.length) longest = Math.max(longest, length);
    }
    return longest;
  }
}
