/** @file The order of a session's work: each piece begins when the one before it has ended, whether or not it succeeded. */

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  /** Counts changes to the parameters, after which anything derived from them is stale. */
  parametersVersion = 0;

  /** Does `work` after everything asked for earlier. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
