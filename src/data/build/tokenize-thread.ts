/** @file A thread that tokenises, as the main thread sees it. */
import { Worker } from 'node:worker_threads';
import type { UnitWork } from './corpus.ts';
import type { TokenizedWork } from './tokenize-worker.ts';

interface Waiting {
  readonly resolve: (done: TokenizedWork) => void;
  readonly reject: (cause: Error) => void;
}

/** Answers in the order it was asked. */
export class TokenizeThread {
  readonly #worker = new Worker(new URL('./tokenize-worker.js', import.meta.url));
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor() {
    this.#worker.on('message', (done: TokenizedWork) => this.#waiting.shift()?.resolve(done));
    this.#worker.on('error', (cause: Error) => this.#fail(cause));
    this.#worker.on('exit', (code) => this.#fail(new Error(`the tokenising thread ended with code ${code}`)));
  }

  /** Units it was asked for and has not answered. */
  get pending(): number {
    return this.#waiting.length;
  }

  async tokenize(work: UnitWork): Promise<TokenizedWork> {
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(work);
    });
  }

  /** Ends it, whatever it is at; what it was asked for and has not answered fails with `cause`. */
  async stop(cause = new Error('the tokenising thread was stopped')): Promise<void> {
    this.#fail(cause);
    await this.#worker.terminate();
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
