/** @file The worker that trains, as the page sees it. */

import { useEffect, useReducer, useRef } from 'preact/hooks';
import type { FileEvent, TrainingEvent, TrainingRequest } from '../../tab/training/messages.ts';
import { afterEvent, afterRequest, FIRST_STATE, type TrainingState } from './training-state.ts';

type Ask = (kind: TrainingRequest['kind']) => void;
const WORKER_MISSING = 'the script that trains could not be started; try again, or use a newer browser';

type Change = { readonly event: TrainingEvent } | { readonly request: TrainingRequest };

/** The state of the training, and a function that asks the worker for something. */
export function useTraining(): readonly [TrainingState, Ask] {
  const [state, change] = useReducer(afterChange, FIRST_STATE);
  const worker = useRef<Worker>(undefined);
  const start = (): Worker => {
    const started = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module' });
    started.onmessage = ({ data: event }: MessageEvent<TrainingEvent>) => {
      if (event.kind === 'file') offerFile(event);
      else change({ event });
    };
    started.onerror = ({ message }) => {
      // the next request starts another
      started.terminate();
      worker.current = undefined;
      change({ event: { kind: 'failed', message: message || WORKER_MISSING } });
    };
    started.postMessage({ kind: 'recall' } satisfies TrainingRequest);
    return started;
  };
  const ask: Ask = (kind) => {
    change({ request: { kind } });
    worker.current ??= start();
    worker.current.postMessage({ kind } satisfies TrainingRequest);
  };
  useEffect(() => {
    worker.current = start();
    return () => worker.current?.terminate();
  }, []);
  return [state, ask];
}

function afterChange(state: TrainingState, change: Change): TrainingState {
  return 'event' in change ? afterEvent(state, change.event) : afterRequest(state, change.request);
}

/** Gives the visitor a file, as a link to it would. */
function offerFile({ name, content }: FileEvent): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // the browser has taken it over by the next turn
  setTimeout(() => URL.revokeObjectURL(link.href));
}
