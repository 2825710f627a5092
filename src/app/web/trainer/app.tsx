/** @file The page from top to bottom. */

import type { TrainingRequest } from '../../tab/training/messages.ts';
import { Figures } from '../dashboard/figures.tsx';
import { isFinished, stepsTrained } from '../dashboard/run-state.ts';
import { Samples } from '../dashboard/samples.tsx';
import { lastFragment } from '../shared/last-fragment.ts';
import { threadsAdvice } from '../shared/threads-advice.ts';
import { Explanation } from './explanation.tsx';
import { LossChart } from './loss-chart.tsx';
import type { TrainingState } from './training-state.ts';
import { Untrained } from './untrained.tsx';
import { useTraining } from './use-training.ts';
import { describeTraining } from './what-happens.ts';

export function App() {
  const [state, ask] = useTraining();
  const { run, device, isLost, unkept, failure } = state;
  const hasBegun = stepsTrained(run) > 0 || run.history.samples.step.length > 0;
  const isTrained = run.history.samples.step.some((step) => step > 0);
  return (
    <>
      <header class="top">
        <h1>
          <img src="./icon.svg" alt="" width="28" height="28" />
          miniLLM <span>training in this tab</span>
        </h1>
        <nav aria-label="Pages">
          <a href={`./${lastFragment()}`}>Playground</a>
          <a href="train.html" aria-current="page">
            Train
          </a>
        </nav>
      </header>
      <main>
        <section class="card start" aria-label="Training">
          <p class="lead">
            Train a GPT-2 from scratch, here in your browser: watch 3.4 million random numbers learn to tell short
            stories.
          </p>
          <Buttons state={state} ask={ask} />
          <p class="happening" role="status">
            {describeTraining(state)}
          </p>
          {device && (
            <p class="device">
              on {device}
              {!crossOriginIsolated && `; with several threads it would be faster${threadsAdvice()}`}
            </p>
          )}
        </section>
        {failure && (
          <p class="problem" role="alert">
            {failure}
          </p>
        )}
        {isLost && (
          <p class="problem" role="alert">
            What you trained here before is damaged and cannot be used: the training begins anew.
          </p>
        )}
        {unkept && (
          <p class="problem" role="alert">
            This browser keeps nothing of the training ({unkept}): download the model before you close the page.
          </p>
        )}
        {hasBegun && (
          <>
            <Figures run={run} />
            <div class="charts">
              <LossChart run={run} />
            </div>
            <div class="texts">
              <Samples samples={run.history.samples} />
              {isTrained && <Untrained samples={run.history.samples} />}
            </div>
          </>
        )}
        <Explanation />
      </main>
    </>
  );
}

interface ButtonsProps {
  readonly state: TrainingState;
  readonly ask: (kind: TrainingRequest['kind']) => void;
}

function Buttons({ state, ask }: ButtonsProps) {
  const { phase, run, kept } = state;
  const { kind, label } = mainAction(state);
  const isBusy = kind === undefined;
  const startAgain = (): void => {
    if (confirm('Throw this model away and begin again with an untrained one?')) ask('forget');
  };
  return (
    <div class="buttons">
      {/* one button, so that it keeps the focus */}
      <button type="button" class="primary" aria-disabled={isBusy} onClick={() => kind && ask(kind)}>
        {label}
      </button>
      {kept > 0 && kind !== 'download' && (
        <button type="button" onClick={() => ask('download')}>
          Download the model
        </button>
      )}
      {phase === 'idle' && (kept > 0 || stepsTrained(run) > 0) && (
        <button type="button" onClick={startAgain}>
          Start again
        </button>
      )}
    </div>
  );
}

interface MainAction {
  /** Undefined while there is nothing to ask for. */
  readonly kind: TrainingRequest['kind'] | undefined;
  readonly label: string;
}

/** What the large button does. */
function mainAction({ phase, run, kept }: TrainingState): MainAction {
  if (phase === 'training' || phase === 'preparing') return { kind: 'stop', label: 'Stop' };
  if (phase === 'stopping') return { kind: undefined, label: 'Stopping …' };
  if (phase === 'recalling') return { kind: undefined, label: 'Train' };
  if (isFinished(run) && kept > 0) return { kind: 'download', label: 'Download the model' };
  return { kind: 'train', label: kept > 0 ? 'Resume' : 'Train' };
}
