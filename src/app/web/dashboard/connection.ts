/**
 * @file The stream of events from the server. A lost connection is taken up again where it ended: by the browser itself, or
 * here where the browser gives up (the server has too many pages, a proxy's error page, another program on the port) or
 * nobody saw the page.
 */

import type { RunProblem, RunUpdate, ToldRun } from '../../dashboard-stream.ts';

export interface StreamListener {
  runs(told: readonly ToldRun[]): void;
  update(update: RunUpdate): void;
  problem(problem: RunProblem): void;
  connected(isConnected: boolean): void;
  /** The server has as many pages as it may have. */
  refused(): void;
}

const EVENTS = 'api/events';
const RETRY_MILLISECONDS = 1500;

/** Connects, and stays so while the page is seen, until the returned function is called. */
export function connect(listener: StreamListener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let position = '';
  const close = (): void => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  // a browser says nothing of why it gave up
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
    const on = <Data>(name: string, tell: (data: Data) => void): void =>
      opened.addEventListener(name, ({ data, lastEventId }: MessageEvent<string>) => {
        tell(JSON.parse(data) as Data);
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
  // a browser has six connections to a server at most: pages that nobody sees leave them to others
  const openIfSeen = (): void => {
    close();
    if (!document.hidden) open();
  };
  document.addEventListener('visibilitychange', openIfSeen);
  openIfSeen();
  return () => {
    document.removeEventListener('visibilitychange', openIfSeen);
    close();
  };
}
