/** @file What the server's models are, once they have loaded. */

import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, asProblem } from './api/problem.ts';
import { getJson } from './api/request.ts';
import type { LoadingState, PageData } from './page-data.ts';

export type PageDataState =
  | { readonly kind: 'loading'; readonly message: string }
  | { readonly kind: 'problem'; readonly problem: ApiProblem; readonly retry: () => void }
  | { readonly kind: 'ready'; readonly data: PageData };

const POLL_MILLISECONDS = 700;

export function usePageData(): PageDataState {
  const [state, setState] = useState<PageDataState>({ kind: 'loading', message: '' });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    load(signal, (message) => setState({ kind: 'loading', message })).then(
      (data) => setState({ kind: 'ready', data }),
      (cause: unknown) => {
        const retry = (): void => setAttempt((count) => count + 1);
        if (!signal.aborted) setState({ kind: 'problem', problem: asProblem(cause), retry });
      },
    );
    return () => controller.abort();
  }, [attempt]);
  return state;
}

/** Waits until the models have loaded. */
async function load(signal: AbortSignal, report: (message: string) => void): Promise<PageData> {
  for (;;) {
    const { loading, message } = await getJson<LoadingState>('app/loading.json', signal);
    if (!loading) return getJson<PageData>('app/models.json', signal);
    report(message);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    signal.throwIfAborted();
  }
}
