/** @file Estimates of the time left. */

import { formatDuration } from '../../support/format.ts';

/** `3 m 12 s left`. */
export function timeLeft(seconds: number): string {
  return `${formatDuration(seconds)} left`;
}

/** Estimates the time left of one task after another, each from its first report of progress. */
export class TaskClock {
  #task = '';
  #done = 0;
  #since = 0;

  /**
   * The seconds that the rest takes at the same pace; undefined until there is one.
   * @param task a name that the task before it does not have
   */
  secondsLeft(task: string, done: number, total: number): number | undefined {
    const now = performance.now();
    if (task !== this.#task || done < this.#done) {
      this.#task = task;
      this.#done = done;
      this.#since = now;
    }
    // work done before the first report says nothing of the pace
    const [seen, seconds] = [done - this.#done, (now - this.#since) / 1000];
    return seen > 0 && seconds > 0 ? ((total - done) * seconds) / seen : undefined;
  }

  /** `${text} | 3 m 12 s left`. */
  line(text: string, task: string, done: number, total: number): string {
    const seconds = this.secondsLeft(task, done, total);
    return seconds === undefined ? text : `${text} | ${timeLeft(seconds)}`;
  }
}
