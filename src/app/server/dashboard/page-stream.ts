/** @file The stream of events to one page. */

import type { ServerResponse } from 'node:http';
import { encodeEvent } from './encode-event.ts';
import { STALLED_SECONDS } from './limits.ts';
import { formatPositions, parsePositions } from './positions.ts';
import type { HistoryPosition } from './run-history.ts';
import type { Watch } from './watch.ts';

/** How often an idle connection gets a sign of life, and how long a page waits before it reconnects. */
const HEARTBEAT_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 1000;

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Sends a page what the runs have, then what is new, as fast as the page takes it, until the page is gone.
 * @param from the id of the last event that the page has
 */
export async function streamToPage(response: ServerResponse, watch: Watch, from: string): Promise<void> {
  const leave = watch.join();
  response.once('close', leave);
  response.writeHead(200, HEADERS).flushHeaders();
  const pending = new PendingEvents(watch, from);
  while (!response.destroyed) {
    const event = pending.next();
    if (event === undefined) await watch.nextLook();
    else if (event.map((piece) => response.write(piece)).includes(false)) await drained(response);
  }
}

/** Resolves when the operating system has all that was written; a page that takes nothing for too long is dropped. */
async function drained(response: ServerResponse): Promise<void> {
  const timer = setTimeout(() => response.destroy(), 1000 * STALLED_SECONDS);
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
  });
  clearTimeout(timer);
}

/** The events that a page does not have yet. */
class PendingEvents {
  readonly #watch: Watch;
  readonly #positions: (HistoryPosition | undefined)[];
  readonly #problems: (string | null)[];
  #information: Buffer | undefined;
  #lastTime = performance.now();

  constructor(watch: Watch, from: string) {
    this.#watch = watch;
    const known = parsePositions(from);
    this.#positions = watch.runs.map((_, run) => known[run]);
    this.#problems = watch.runs.map(() => null);
  }

  /** The pieces of the next event, undefined when there is none now. */
  next(): (string | Buffer)[] | undefined {
    const { informant, runs } = this.#watch;
    if (informant.event === undefined) return undefined;
    if (informant.event !== this.#information) {
      this.#information = informant.event;
      return this.#event(informant.event);
    }
    for (const [run, { problem, history }] of runs.entries()) {
      if (this.#problems[run] !== problem) {
        this.#problems[run] = problem;
        return this.#event(encodeEvent('problem', { run, message: problem }));
      }
      const update = history.eventAfter(this.#positions[run]);
      if (update) {
        this.#positions[run] = update.position;
        return this.#event(update.bytes);
      }
    }
    return performance.now() - this.#lastTime < HEARTBEAT_MILLISECONDS ? undefined : this.#pieces(': still here\n\n');
  }

  #event(bytes: Buffer): (string | Buffer)[] {
    return this.#pieces(bytes, `id: ${formatPositions(this.#positions)}\nretry: ${RETRY_MILLISECONDS}\n\n`);
  }

  #pieces(...pieces: (string | Buffer)[]): (string | Buffer)[] {
    this.#lastTime = performance.now();
    return pieces;
  }
}
