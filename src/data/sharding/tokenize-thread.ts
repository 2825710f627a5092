/** @file A thread that tokenises, as the main thread sees it. */
import { Worker } from 'node:worker_threads';
import type { UnitWork } from './corpus.ts';
import type { TokenizedWork } from './document-tokens.ts';
import type { READY } from './tokenize-worker.ts';

/** How often the thread is checked, in milliseconds. */
const WATCH_MILLISECONDS = 1000;

/**
 * What a unit may keep the thread at work: a hundred times what it takes, so that a loaded machine does not look like a unit
 * without an end. Waiting for the disk does not count.
 */
const PATIENCE = { milliseconds: 60_000, bytesPerMillisecond: 200 };

export type Patience = typeof PATIENCE;

interface Waiting {
  readonly work: UnitWork;
  readonly weight: number;
  readonly resolve: (done: TokenizedWork) => void;
  readonly reject: (cause: Error) => void;
}

/**
 * Answers in the order it was asked. A unit that its thread never finishes, or that runs out of memory, becomes a problem, and a
 * new thread goes on with the next.
 */
export class TokenizeThread {
  readonly #patience: Patience;
  readonly #waiting: Waiting[] = [];
  readonly #watching = setInterval(() => this.#watch(), WATCH_MILLISECONDS).unref();
  #worker: Worker;
  #failure: Error | undefined;
  #isReady = false;
  /** Milliseconds that the thread has been at work on the oldest unit, and since it was started. */
  #spent = 0;
  #active = 0;

  constructor(patience: Patience = PATIENCE) {
    this.#patience = patience;
    this.#worker = this.#start();
  }

  /** Units requested but not yet answered. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** @param weight the unit's bytes in memory, roughly. */
  async tokenize(work: UnitWork, weight: number): Promise<TokenizedWork> {
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, weight, resolve, reject });
      this.#worker.postMessage(work);
    });
  }

  /** Stops it at once; requests it has not answered fail with `cause`. */
  async stop(cause = new Error('the tokenising thread was stopped')): Promise<void> {
    clearInterval(this.#watching);
    this.#fail(cause);
    await this.#worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./tokenize-worker.js', import.meta.url));
    this.#spent = 0;
    this.#active = 0;
    this.#isReady = false;
    worker.on('message', (message: TokenizedWork | typeof READY) => {
      this.#spent = 0;
      if (typeof message === 'string') this.#isReady = true;
      else this.#waiting.shift()?.resolve(message);
    });
    worker.on('error', (cause: Error & { readonly code?: string }) => {
      if (cause.code === 'ERR_WORKER_OUT_OF_MEMORY') this.#giveUp('took more memory than a thread has');
      else this.#fail(cause);
    });
    worker.on('exit', (code) => this.#fail(new Error(`the tokenising thread ended with code ${code}`)));
    return worker;
  }

  /** Time in which this process was stopped, or had no turn itself, counts as two looks at most. */
  #watch(): void {
    const { active } = this.#worker.performance.eventLoopUtilization();
    const [oldest] = this.#isReady ? this.#waiting : [];
    if (oldest !== undefined) this.#spent += Math.min(active - this.#active, 2 * WATCH_MILLISECONDS);
    this.#active = active;
    const { milliseconds, bytesPerMillisecond } = this.#patience;
    if (oldest !== undefined && this.#spent > milliseconds + oldest.weight / bytesPerMillisecond)
      this.#giveUp(`took more than ${Math.round(this.#spent / 1000)} s without an end`);
  }

  /** Makes the oldest unit a problem and hands the others to a new thread. */
  #giveUp(problem: string): void {
    this.#worker.removeAllListeners();
    this.#worker.on('error', () => {});
    void this.#worker.terminate();
    const given = this.#waiting.shift();
    if (given) {
      const messages = [`${given.work.label}: ${problem}`];
      given.resolve({ tokens: new Uint16Array(0), problems: { count: 1, messages } });
    }
    this.#worker = this.#start();
    for (const { work } of this.#waiting) this.#worker.postMessage(work);
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
