/**
 * @file The dashboard's server: the page, and one stream of events that tells it everything (dashboard-stream.ts). It reads
 * run folders and nothing else, so that it shows a run whoever trains it, and cannot disturb one.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { MetricsFollower } from '../../../runs/follow-metrics.ts';
import { trainerOf } from '../../../runs/lock.ts';
import { messageOf } from '../../../support/errors.ts';
import { exists } from '../../../support/files.ts';
import type { RunInformation, RunProblem, RunUpdate, ToldRun } from '../../dashboard-stream.ts';
import { formatPositions, parsePositions } from './positions.ts';
import { historyOf } from './run-history.ts';
import { recordedInformation } from './run-information.ts';

/** The built page. */
const PAGE = fileURLToPath(new URL('../../web/dashboard/', import.meta.url));

/** How often a run is looked at, and how often a page is told that the connection still stands. */
const POLL_MILLISECONDS = 500;
const HEARTBEAT_MILLISECONDS = 10_000;
/** How often the folders are asked what run they hold. */
const LOOK_MILLISECONDS = 5_000;
/** How long a page waits before it connects again. */
const RETRY_MILLISECONDS = 1000;

export interface DashboardRuns {
  readonly folders: readonly string[];
  /** What the trainer of a run says of it, by folder; of the others their folders are asked. */
  readonly information: ReadonlyMap<string, RunInformation>;
}

/** The application; `runs.information` may change while it serves. */
export function dashboardApp(runs: DashboardRuns): Hono {
  const app = new Hono();
  const self = ["'self'"];
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        ...{ defaultSrc: ["'none'"], scriptSrc: self, styleSrc: self, connectSrc: self, imgSrc: self },
        ...{ baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
      },
      // means nothing on plain HTTP
      strictTransportSecurity: false,
    }),
  );
  app.get('/api/events', (context) => streamSSE(context, (stream) => tell(stream, runs, lastPosition(context))));
  app.use(serveStatic({ root: PAGE }));
  return app;
}

/** Where a page goes on: what the browser says when it connects again by itself, or the page. */
function lastPosition(context: Context): string {
  return context.req.header('last-event-id') ?? context.req.query('from') ?? '';
}

/** Tells a page what the runs have, then what is new of them, until it is gone. */
async function tell(stream: SSEStreamingApi, runs: DashboardRuns, from: string): Promise<void> {
  const positions = parsePositions(from);
  const followers = runs.folders.map((folder, run) => new MetricsFollower(folder, positions[run]));
  const informant = new Informant(runs);
  const problems: (string | null)[] = followers.map(() => null);
  let lastSent = 0;
  const send = async (event: string, data: readonly ToldRun[] | RunUpdate | RunProblem): Promise<void> => {
    lastSent = performance.now();
    const id = formatPositions(followers.map(({ position }) => position));
    await stream.writeSSE({ event, data: JSON.stringify(data), id, retry: RETRY_MILLISECONDS });
  };
  while (!stream.aborted && !stream.closed) {
    const news = await informant.next();
    if (news) await send('runs', news);
    for (const [run, follower] of followers.entries()) {
      let message: string | null = null;
      try {
        const change = await follower.next();
        if (change) await send('update', { run, replaces: change.replaces, ...historyOf(change.lines) });
      } catch (cause) {
        message = messageOf(cause);
      }
      if (problems[run] !== message) await send('problem', { run, message });
      problems[run] = message;
    }
    if (performance.now() - lastSent > HEARTBEAT_MILLISECONDS) {
      lastSent = performance.now();
      await stream.write(': still here\n\n');
    }
    await sleep(POLL_MILLISECONDS);
  }
}

/** Tells what is known of the runs when it is asked first, and whenever it has changed. */
class Informant {
  readonly #runs: DashboardRuns;
  #recorded: readonly RunInformation[] = [];
  #nextLook = 0;
  #told = '';

  constructor(runs: DashboardRuns) {
    this.#runs = runs;
  }

  async next(): Promise<readonly ToldRun[] | undefined> {
    const { folders, information } = this.#runs;
    if (performance.now() >= this.#nextLook) {
      this.#recorded = await Promise.all(folders.map((folder, run) => this.#look(folder, run)));
      this.#nextLook = performance.now() + LOOK_MILLISECONDS;
    }
    const told = folders.flatMap((folder, run) => {
      const known = information.get(folder) ?? this.#recorded[run];
      return known ? [{ ...known, isTraining: isTrained(folder) }] : [];
    });
    const text = JSON.stringify(told);
    if (text === this.#told) return undefined;
    this.#told = text;
    return told;
  }

  /** What a folder says of its run; of one that is gone, what it said before. */
  async #look(folder: string, run: number): Promise<RunInformation> {
    const known = this.#recorded[run];
    return known && !(await exists(folder)) ? known : recordedInformation(folder);
  }
}

/** Whether a process trains the run; false where that cannot be seen, as its follower tells too. */
function isTrained(folder: string): boolean {
  try {
    return trainerOf(folder) !== undefined;
  } catch {
    return false;
  }
}
