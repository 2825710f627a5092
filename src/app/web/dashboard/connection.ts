/**
 * @file The stream of events from the server. A lost connection continues where it ended, as soon as the server, or another
 * program in its place, answers again; a hidden page has none.
 */

import type { RunProblem, RunStatus, RunUpdate } from '../../dashboard-stream.ts';
import { authorization } from '../shared/api-key.ts';
import { pieces, serverEvents } from '../shared/sse.ts';

export interface StreamListener {
  runs(runs: readonly RunStatus[]): void;
  update(update: RunUpdate): void;
  problem(problem: RunProblem): void;
  connected(isConnected: boolean): void;
  /** The server has too many pages. */
  refused(): void;
  /** The server wants a key, or another one. Nothing more is asked until the page connects again. */
  locked(): void;
}

const EVENTS = 'app/events';
const RETRY_MILLISECONDS = 1500;

/** Stays connected while the page is visible, until the returned function is called. */
export function connect(listener: StreamListener): () => void {
  let open: AbortController | undefined;
  let position = '';

  const tell = (name: string, data: string): void => {
    if (name === 'runs') listener.runs(JSON.parse(data) as RunStatus[]);
    else if (name === 'update') listener.update(JSON.parse(data) as RunUpdate);
    else if (name === 'problem') listener.problem(JSON.parse(data) as RunProblem);
  };
  /** Follows one stream to its end; returns for how long to wait before the next, undefined for ever. */
  const follow = async (signal: AbortSignal): Promise<number | undefined> => {
    const headers = authorization();
    const { ok, status, body, headers: told } = await fetch(`${EVENTS}?from=${position}`, { headers, signal });
    if (ok && body && told.get('content-type')?.startsWith('text/event-stream')) {
      listener.connected(true);
      for await (const { name, id, data } of serverEvents(pieces(body))) {
        signal.throwIfAborted();
        tell(name, data);
        position = id;
      }
    }
    if (status === 401) {
      listener.locked();
      return undefined;
    }
    if (status === 503) listener.refused();
    else listener.connected(false);
    return Math.max(RETRY_MILLISECONDS, 1000 * (Number(told.get('retry-after')) || 0));
  };
  const followAll = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const wait = await follow(signal).catch(() => {
        if (!signal.aborted) listener.connected(false);
        return RETRY_MILLISECONDS;
      });
      if (wait === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };

  // a browser opens at most six connections to a server: hidden pages leave them to others
  const followIfVisible = (): void => {
    open?.abort();
    open = new AbortController();
    if (!document.hidden) void followAll(open.signal);
  };
  document.addEventListener('visibilitychange', followIfVisible);
  followIfVisible();
  return () => {
    document.removeEventListener('visibilitychange', followIfVisible);
    open?.abort();
  };
}
