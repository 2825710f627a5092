/** @file How long something that has come so far still takes. */

import { formatDuration } from '../../support/format.ts';

/** `3 m 12 s left`. */
export function timeLeft(seconds: number): string {
  return `${formatDuration(seconds)} left`;
}

/** The clock of tasks that follow one another, each seen from the first time it tells how far it has come. */
export class TaskClock {
  #task = '';
  #done = 0;
  #since = 0;

  /**
   * The seconds that the rest takes if it goes as fast; undefined until there is a pace to go by.
   * @param task tells one task from the one before
   */
  secondsLeft(task: string, done: number, total: number): number | undefined {
    const now = performance.now();
    if (task !== this.#task || done < this.#done) {
      this.#task = task;
      this.#done = done;
      this.#since = now;
    }
    // what was done before the first look is not of the pace
    const [seen, seconds] = [done - this.#done, (now - this.#since) / 1000];
    return seen > 0 && seconds > 0 ? ((total - done) * seconds) / seen : undefined;
  }

  /** `${told} | 3 m 12 s left`. */
  line(told: string, task: string, done: number, total: number): string {
    const seconds = this.secondsLeft(task, done, total);
    return seconds === undefined ? told : `${told} | ${timeLeft(seconds)}`;
  }
}
