/**
 * @file The stream of events from the server. A lost connection continues where it ended: the browser reconnects by itself,
 * or this file does if the browser gave up (too many pages, a proxy's error page, another program on the port) or the page
 * was hidden.
 */

import type { RunProblem, RunStatus, RunUpdate } from '../../dashboard-stream.ts';

export interface StreamListener {
  runs(runs: readonly RunStatus[]): void;
  update(update: RunUpdate): void;
  problem(problem: RunProblem): void;
  connected(isConnected: boolean): void;
  /** The server has too many pages. */
  refused(): void;
}

const EVENTS = 'api/events';
const RETRY_MILLISECONDS = 1500;

/** Stays connected while the page is visible, until the returned function is called. */
export function connect(listener: StreamListener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let position = '';
  const close = (): void => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  // a browser does not say why it gave up
  const openLater = async (given: EventSource): Promise<void> => {
    const signal = AbortSignal.timeout(RETRY_MILLISECONDS);
    const answer = await fetch(EVENTS, { method: 'HEAD', signal }).catch(() => undefined);
    if (source !== given) return;
    if (answer?.status === 503) listener.refused();
    else listener.connected(false);
    const wait = 1000 * (Number(answer?.headers.get('retry-after')) || 0);
    timer = setTimeout(open, Math.max(RETRY_MILLISECONDS, wait));
  };
  const open = (): void => {
    const opened = new EventSource(`${EVENTS}?from=${encodeURIComponent(position)}`);
    source = opened;
    const on = <Data>(name: string, listen: (data: Data) => void): void =>
      opened.addEventListener(name, ({ data, lastEventId }: MessageEvent<string>) => {
        listen(JSON.parse(data) as Data);
        position = lastEventId;
      });
    on('runs', listener.runs);
    on('update', listener.update);
    on('problem', listener.problem);
    opened.onopen = () => listener.connected(true);
    opened.onerror = () => {
      if (opened.readyState === EventSource.CLOSED) void openLater(opened);
      else listener.connected(false);
    };
  };
  // a browser opens at most six connections to a server: hidden pages leave them to others
  const openIfVisible = (): void => {
    close();
    if (!document.hidden) open();
  };
  document.addEventListener('visibilitychange', openIfVisible);
  openIfVisible();
  return () => {
    document.removeEventListener('visibilitychange', openIfVisible);
    close();
  };
}
