/** @file The page from top to bottom. */

import { useEffect, useState } from 'preact/hooks';
import { formatCount } from '../../../support/format.ts';
import { RUN_PAGE } from '../../run-page.ts';
import { allowFirstSight } from '../shared/first-sight.ts';
import { KeyForm } from '../shared/key-form.tsx';
import { lastFragment } from '../shared/last-fragment.ts';
import { Charts } from './charts/charts.tsx';
import { runLook } from './charts/curves.ts';
import { Swatch } from './charts/legend.tsx';
import { Figures } from './figures.tsx';
import { RunDetails } from './run-details.tsx';
import { describeState, isFinished, type RunState, stepsTrained } from './run-state.ts';
import { Samples } from './samples.tsx';
import { type Connection, useRuns } from './use-runs.ts';

/** Whether the page is that of the app's run, beside the app's own. */
const isInApp = location.pathname.endsWith(`/${RUN_PAGE}`);

export function App() {
  const { runs, connection, reconnect } = useRuns();
  const [chosen, setChosen] = useState(0);
  const run = runs[chosen] ?? runs[0];
  const name = run?.information.name;

  useEffect(() => {
    if (isInApp) allowFirstSight();
  }, []);
  useEffect(() => {
    document.title = name === undefined ? 'miniLLM' : `${name} · miniLLM`;
  }, [name]);

  return (
    <>
      <header class="top">
        <h1>
          <img src="./icon.svg" alt="" width="28" height="28" />
          miniLLM {runs.length === 1 && <span>{name}</span>}
        </h1>
        <ConnectionState connection={connection} runs={runs} />
        {isInApp && (
          <nav aria-label="Pages">
            <a href={`./${lastFragment()}`}>Playground</a>
            <a href={RUN_PAGE} aria-current="page">
              Training
            </a>
          </nav>
        )}
      </header>
      <main>
        {connection === 'locked' && <KeyForm onKey={reconnect} />}
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
  locked: 'locked',
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
    <fieldset class="card run-choice">
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
