/** @file Polls the runs for all pages, as long as there are any. */

import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MetricsFollower } from '../../../runs/follow-metrics.ts';
import { metricsPath } from '../../../runs/metrics.ts';
import { messageOf } from '../../../support/errors.ts';
import { type DashboardRuns, Informant } from './informant.ts';
import { MAX_STREAMS } from './limits.ts';
import { RunHistory } from './run-history.ts';

const POLL_MILLISECONDS = 500;

/** A run as of the last look. */
class WatchedRun {
  readonly history: RunHistory;
  readonly #follower: MetricsFollower;
  readonly #path: string;
  readonly #hidesPaths: boolean;
  #problem: string | null = null;

  constructor(folder: string, run: number, hidesPaths: boolean) {
    this.history = new RunHistory(run);
    this.#path = metricsPath(folder);
    this.#hidesPaths = hidesPaths;
    this.#follower = new MetricsFollower(folder);
  }

  /** Why it cannot be read. */
  get problem(): string | null {
    return this.#problem;
  }

  async look(): Promise<void> {
    try {
      for (let change = await this.#follower.next(); change; change = await this.#follower.next()) {
        if (change.replaces) this.history.clear();
        this.history.add(change.lines);
      }
      this.#problem = null;
    } catch (cause) {
      const message = messageOf(cause);
      this.#problem = this.#hidesPaths ? message.replaceAll(this.#path, basename(this.#path)) : message;
    }
  }
}

/** Everything that pages are sent, read once for all of them. */
export class Watch {
  readonly informant: Informant;
  readonly runs: readonly WatchedRun[];
  #pages = 0;
  #isLooking = false;
  readonly #waiting: (() => void)[] = [];

  constructor(runs: DashboardRuns) {
    this.informant = new Informant(runs);
    this.runs = runs.folders.map((folder, run) => new WatchedRun(folder, run, runs.hidesPaths ?? false));
  }

  /** Whether the limit of pages is reached. */
  get isFull(): boolean {
    return this.#pages >= MAX_STREAMS;
  }

  /** Polls the runs for one more page, until the returned function is called. */
  join(): () => void {
    this.#pages++;
    if (!this.#isLooking) void this.#lookWhileWatched();
    return () => this.#pages--;
  }

  /** Resolves after the next look at the runs. */
  nextLook(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #lookWhileWatched(): Promise<void> {
    this.#isLooking = true;
    while (this.#pages > 0) {
      await this.informant.look();
      for (const run of this.runs) await run.look();
      for (const resolve of this.#waiting.splice(0)) resolve();
      await sleep(POLL_MILLISECONDS);
    }
    this.#isLooking = false;
    for (const { history } of this.runs) history.forgetEvents();
  }
}
