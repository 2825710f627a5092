/** @file Text that ends where one of some strings would begin, handed on as soon as it is sure; in time of its length alone. */

/** A string to stop at, prepared as Knuth, Morris and Pratt do. */
export interface Stop {
  readonly text: string;
  /** For each length of a beginning of it, the length of the longest shorter one that this beginning ends with. */
  readonly shorter: Int32Array;
}

export function prepareStop(text: string): Stop {
  const shorter = new Int32Array(text.length + 1);
  const stop = { text, shorter };
  for (let length = 2; length <= text.length; length++)
    shorter[length] = extended(stop, shorter[length - 1] ?? 0, text.charCodeAt(length - 1));
  return stop;
}

/** How much of a stop is there when `length` of it were and a character follows. */
function extended({ text, shorter }: Stop, length: number, character: number): number {
  let found = length;
  while (found > 0 && (found === text.length || text.charCodeAt(found) !== character)) found = shorter[found] ?? 0;
  return text.charCodeAt(found) === character ? found + 1 : 0;
}

export class StopText {
  readonly #stops: readonly Stop[];
  /** How much of each stop the text ends with. */
  readonly #found: Int32Array;
  /** What has not been handed on: it may be the beginning of a stop. */
  #held = '';
  stopped = false;

  constructor(stops: readonly Stop[]) {
    this.#stops = stops;
    this.#found = new Int32Array(stops.length);
  }

  /** Adds text, and returns what can be handed on. */
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

  /** What was held back, once there is no more text. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** Adds a character; the length of the longest stop that is complete with it, else 0. */
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
