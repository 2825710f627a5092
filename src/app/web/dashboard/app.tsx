/** @file The page from top to bottom. */

import { useEffect, useState } from 'preact/hooks';
import { Charts } from './charts.tsx';
import { runColour } from './curves.ts';
import { Figures, isFinished, stepsTrained } from './figures.tsx';
import { RunDetails } from './run-details.tsx';
import type { RunState } from './run-state.ts';
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
        <ConnectionState connection={connection} isFinished={runs.length > 0 && runs.every(isFinished)} />
      </header>
      <main>
        {runs.length > 1 && <RunChoice runs={runs} chosen={chosen} onChoose={setChosen} />}
        {run?.problem && (
          <p class="problem" role="alert">
            {run.problem}
          </p>
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
  reconnected: 'reconnected',
};

interface ConnectionStateProps {
  readonly connection: Connection;
  readonly isFinished: boolean;
}

/** Whether news come; of runs that are finished none are missed. */
function ConnectionState({ connection, isFinished }: ConnectionStateProps) {
  const isOver = isFinished && connection === 'disconnected';
  return (
    <p class={`connection ${isOver ? '' : connection}`} role="status">
      {isOver ? 'finished, no longer served' : CONNECTION_TEXTS[connection]}
    </p>
  );
}

interface RunChoiceProps {
  readonly runs: readonly RunState[];
  readonly chosen: number;
  readonly onChoose: (run: number) => void;
}

/** Whose figures, samples and settings are shown. */
function RunChoice({ runs, chosen, onChoose }: RunChoiceProps) {
  return (
    <fieldset class="run-choice">
      <legend>Run</legend>
      {runs.map((run, index) => (
        <label key={index}>
          <input type="radio" name="run" checked={index === chosen} onChange={() => onChoose(index)} />
          <span class="swatch" style={{ color: `var(${runColour(index)})` }} />
          {run.information.name} <small>step {stepsTrained(run).toLocaleString('en-US')}</small>
        </label>
      ))}
    </fieldset>
  );
}
