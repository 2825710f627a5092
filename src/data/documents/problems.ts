/** @file What was found instead of documents: how often, and the first few in words. */

const KEPT_MESSAGES = 5;

export interface Problems {
  readonly count: number;
  readonly messages: readonly string[];
}

export const NO_PROBLEMS: Problems = { count: 0, messages: [] };

/** Gathers problems in bounded memory, however many lines of a file are bad. */
export class ProblemList {
  #count = 0;
  #messages: string[] = [];

  add(message: string): void {
    this.#count++;
    if (this.#messages.length < KEPT_MESSAGES) this.#messages.push(message);
  }

  /** What was gathered since the last time. */
  take(): Problems {
    const taken = { count: this.#count, messages: this.#messages };
    this.#count = 0;
    this.#messages = [];
    return taken;
  }
}

/** Both, in order. */
export function joinProblems(first: Problems, second: Problems): Problems {
  const messages = [...first.messages, ...second.messages].slice(0, KEPT_MESSAGES);
  return { count: first.count + second.count, messages };
}
