/** @file The runs and the state of the connection, as they change. */

import { useEffect, useState } from 'preact/hooks';
import { connect } from './connection.ts';
import { afterNews, afterUpdate, type RunState } from './run-state.ts';

export type Connection = 'connecting' | 'connected' | 'disconnected' | 'refused' | 'reconnected';

const RECONNECTED_MILLISECONDS = 4000;

export function useRuns(): { readonly runs: readonly RunState[]; readonly connection: Connection } {
  const [runs, setRuns] = useState<readonly RunState[]>([]);
  const [connection, setConnection] = useState<Connection>('connecting');

  const change = (index: number, changed: (run: RunState) => RunState): void =>
    setRuns((known) => known.map((run, place) => (place === index ? changed(run) : run)));

  useEffect(
    () =>
      connect({
        runs: (told) => setRuns((known) => afterNews(known, told)),
        update: (update) => change(update.run, (run) => afterUpdate(run, update)),
        problem: ({ run, message }) => change(run, (state) => ({ ...state, problem: message })),
        connected: (isConnected) => {
          // a new connection tells its problems anew
          if (isConnected) setRuns((known) => known.map((run) => ({ ...run, problem: null })));
          setConnection((before) => {
            if (!isConnected) return 'disconnected';
            return before === 'disconnected' || before === 'refused' ? 'reconnected' : 'connected';
          });
        },
        refused: () => setConnection('refused'),
      }),
    [],
  );

  useEffect(() => {
    if (connection !== 'reconnected') return;
    const timer = setTimeout(() => setConnection('connected'), RECONNECTED_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [connection]);

  return { runs, connection };
}
