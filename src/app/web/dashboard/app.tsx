/** @file The page from top to bottom. */

import { useEffect, useState } from 'preact/hooks';
import { formatCount } from '../../../support/format.ts';
import { Charts } from './charts.tsx';
import { runLook } from './curves.ts';
import { Figures } from './figures.tsx';
import { Swatch } from './legend.tsx';
import { RunDetails } from './run-details.tsx';
import { describeState, isFinished, type RunState, stepsTrained } from './run-state.ts';
import { Samples } from './samples.tsx';
import { type Connection, useRuns } from './use-runs.ts';

export function App() {
  const { runs, connection } = useRuns();
  const [chosen, setChosen] = useState(0);
  const run = runs[chosen] ?? runs[0];
  const name = run?.information.name;

  useEffect(() => {
    document.title = name === undefined ? 'miniLLM' : `${name} · miniLLM`;
  }, [name]);

  return (
    <>
      <header class="top">
        <h1>miniLLM {runs.length === 1 && <span>{name}</span>}</h1>
        <ConnectionState connection={connection} runs={runs} />
      </header>
      <main>
        {runs.length > 1 && <RunChoice runs={runs} chosen={chosen} onChoose={setChosen} />}
        {runs.map(
          ({ information, problem }, index) =>
            problem && (
              <p key={index} class="problem" role="alert">
                <b>{information.name}</b>: {problem}
              </p>
            ),
        )}
        {run && <Figures run={run} />}
        {run && <Charts runs={runs} />}
        {run && <Samples key={chosen} samples={run.history.samples} />}
        {run && <RunDetails information={run.information} />}
      </main>
    </>
  );
}

const CONNECTION_TEXTS: Readonly<Record<Connection, string>> = {
  connecting: 'connecting …',
  connected: 'live',
  disconnected: 'disconnected, trying again …',
  refused: 'too many pages are open, trying again …',
  reconnected: 'reconnected',
};

interface ConnectionStateProps {
  readonly connection: Connection;
  readonly runs: readonly RunState[];
}

function ConnectionState({ connection, runs }: ConnectionStateProps) {
  const [text, tone] = connectionState(connection, runs);
  return (
    <p class={`connection ${tone}`} role="status">
      {text}
    </p>
  );
}

/**
 * The state of the connection, or of the runs: a live connection brings nothing new for runs that no process trains, and a lost
 * one loses nothing of finished runs.
 */
function connectionState(connection: Connection, runs: readonly RunState[]): readonly [text: string, tone: string] {
  if (connection === 'disconnected' && runs.length > 0 && runs.every(isFinished))
    return ['finished, no longer served', ''];
  const [state, ...others] = new Set(runs.map(describeState));
  if (connection !== 'connected' || state === undefined || [state, ...others].includes('training'))
    return [CONNECTION_TEXTS[connection], connection];
  return [others.length === 0 ? state : 'not training', ''];
}

interface RunChoiceProps {
  readonly runs: readonly RunState[];
  readonly chosen: number;
  readonly onChoose: (run: number) => void;
}

/** Chooses the run whose figures, samples and settings are shown. */
function RunChoice({ runs, chosen, onChoose }: RunChoiceProps) {
  return (
    <fieldset class="run-choice">
      <legend>Run</legend>
      {runs.map((run, index) => (
        <label key={index}>
          <input type="radio" name="run" checked={index === chosen} onChange={() => onChoose(index)} />
          <Swatch {...runLook(index)} />
          {run.information.name}{' '}
          <small>
            step {formatCount(stepsTrained(run))}, {describeState(run)}
          </small>
        </label>
      ))}
    </fieldset>
  );
}
