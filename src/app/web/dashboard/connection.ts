/**
 * @file The stream of events from the server. A lost connection is taken up again where it ended: by the browser itself, or
 * here where the browser gives up (a proxy's error page, another program on the port).
 */

import type { RunInformation, RunProblem, RunUpdate } from '../../dashboard-stream.ts';

export interface StreamListener {
  runs(information: readonly RunInformation[]): void;
  update(update: RunUpdate): void;
  problem(problem: RunProblem): void;
  connected(isConnected: boolean): void;
}

const RETRY_MILLISECONDS = 1500;

/** Connects, and stays so until the returned function is called. */
export function connect(listener: StreamListener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let position = '';
  const open = (): void => {
    const opened = new EventSource(`api/events?from=${encodeURIComponent(position)}`);
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
      listener.connected(false);
      if (opened.readyState === EventSource.CLOSED) timer = window.setTimeout(open, RETRY_MILLISECONDS);
    };
  };
  open();
  return () => {
    source?.close();
    window.clearTimeout(timer);
  };
}
