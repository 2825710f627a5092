/** @file The order of a session's work: each piece begins when the one before it has ended, well or not. */

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  /** Counts changes of the parameters, which make what is derived from them stale. */
  parametersVersion = 0;

  /** Does `work` after all that was asked for before. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
