/** @file How long something that has come so far still takes. */

import { formatDuration } from '../support/format.ts';

/** `3 m 12 s left`, when so much was done in so many seconds and the rest goes as fast. */
export function timeLeft(done: number, total: number, seconds: number): string {
  return `${formatDuration(((total - done) * seconds) / done)} left`;
}

/** The clock of tasks that follow one another, each seen from the first time it tells how far it has come. */
export class TaskClock {
  #task = '';
  #done = 0;
  #since = 0;

  /**
   * `${told} | 3 m 12 s left`; nothing is added until there is a pace to go by.
   * @param task tells one task from the one before
   */
  line(told: string, task: string, done: number, total: number): string {
    const now = performance.now();
    if (task !== this.#task || done < this.#done) {
      this.#task = task;
      this.#done = done;
      this.#since = now;
    }
    // what was done before the first look is not of the pace
    const [seen, seconds] = [done - this.#done, (now - this.#since) / 1000];
    return seen > 0 && seconds > 0 ? `${told} | ${timeLeft(seen, total - this.#done, seconds)}` : told;
  }
}
