/** @file The runs and the state of the connection, as they change. */

import { useEffect, useState } from 'preact/hooks';
import { connect } from './connection.ts';
import { afterUpdate, type RunState, withStatuses } from './run-state.ts';

export type Connection = 'connecting' | 'connected' | 'disconnected' | 'refused' | 'reconnected' | 'locked';

const RECONNECTED_MILLISECONDS = 4000;

export interface Runs {
  readonly runs: readonly RunState[];
  readonly connection: Connection;
  /** Connects anew, with the key that the reader has given. */
  readonly reconnect: () => void;
}

export function useRuns(): Runs {
  const [runs, setRuns] = useState<readonly RunState[]>([]);
  const [connection, setConnection] = useState<Connection>('connecting');
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    type Change = (runs: readonly RunState[]) => readonly RunState[];
    // a history comes in many events, which are drawn at once
    let waiting: Change[] = [];
    const change = (next: Change): void => {
      if (waiting.push(next) > 1) return;
      requestAnimationFrame(() => {
        const changes = waiting;
        waiting = [];
        setRuns((known) => changes.reduce((runs, next) => next(runs), known));
      });
    };
    const changeRun = (index: number, next: (run: RunState) => RunState): void =>
      change((runs) => runs.map((run, place) => (place === index ? next(run) : run)));

    return connect({
      runs: (statuses) => change((runs) => withStatuses(runs, statuses)),
      update: (update) => changeRun(update.run, (run) => afterUpdate(run, update)),
      problem: ({ run, message }) => changeRun(run, (state) => ({ ...state, problem: message })),
      connected: (isConnected) => {
        // a new connection sends its problems again
        if (isConnected) change((runs) => runs.map((run) => ({ ...run, problem: null })));
        setConnection((before) => {
          if (!isConnected) return 'disconnected';
          return before === 'disconnected' || before === 'refused' ? 'reconnected' : 'connected';
        });
      },
      refused: () => setConnection('refused'),
      locked: () => setConnection('locked'),
    });
  }, [attempt]);

  useEffect(() => {
    if (connection !== 'reconnected') return;
    const timer = setTimeout(() => setConnection('connected'), RECONNECTED_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [connection]);

  return { runs, connection, reconnect: () => setAttempt((count) => count + 1) };
}
