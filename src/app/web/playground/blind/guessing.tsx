/** @file The third view: two unnamed texts, and a guess which model was trained. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { modelTitle } from '../page-data.ts';
import { describeModel } from '../steps/checkpoints.ts';
import { topOf, type ViewProps } from '../view.ts';
import { EXAMPLES } from '../write/examples.ts';
import { PaneView } from '../write/pane-view.tsx';
import { randomSeed } from '../write/settings.ts';
import { usePane } from '../write/use-pane.ts';
import { guessed, NO_SCORE, newRound, type Round } from './rounds.ts';

interface GuessingProps extends ViewProps {
  readonly isShown: boolean;
}

const NAMES = ['A', 'B'] as const;

export function Guessing({ data, state: { prompt, settings, tint }, isShown }: GuessingProps) {
  const panes = [usePane(), usePane()] as const;
  const [round, setRound] = useState<Round>();
  const [score, setScore] = useState(NO_SCORE);
  // the button that was pressed is gone
  const actions = useRef<HTMLDivElement>(null);
  const isPressed = useRef(false);
  useEffect(() => {
    if (isPressed.current) actions.current?.querySelector('button')?.focus();
    isPressed.current = false;
  }, [round]);
  // earlier checkpoints are harder to tell from the trained model than one that knows nothing
  const earlier = data.steps.slice(0, -1).map(({ id }) => id);
  const others = [...new Set([data.compared ?? '', ...earlier])];

  const begin = (): void => {
    const next = newRound(data.main, others, Math.random);
    const given = prompt.trim() === '' ? EXAMPLES[0] : prompt;
    const seed = randomSeed();
    setRound(next);
    for (const [index, pane] of panes.entries()) {
      const start = { model: next.models[index] ?? '', prompt: given, samples: [] };
      pane.run({ start, prompt: given, settings: { ...settings, seed, samples: 1 }, logprobs: topOf(data) });
    }
  };
  useEffect(() => {
    if (isShown && !round) begin();
  }, [isShown]);
  const guess = (side: 0 | 1): void => {
    if (!round) return;
    isPressed.current = true;
    const [nextRound, nextScore] = guessed(round, side, score);
    setRound(nextRound);
    setScore(nextScore);
  };
  const isOpen = round?.guess === undefined;
  return (
    <>
      <section class="card question">
        <h2>Which one was trained{earlier.length > 0 ? ' longer' : ''}?</h2>
        <p role="status">
          {isOpen
            ? 'Same prompt, same seed, same draws; only the weights differ.'
            : round.guess === round.answer
              ? 'Right.'
              : 'No, it was the other one.'}
        </p>
        <div ref={actions} class="bar-of-actions">
          {isOpen ? (
            NAMES.map((name, side) => (
              <button key={name} type="button" class="primary" onClick={() => guess(side as 0 | 1)}>
                {name} is
              </button>
            ))
          ) : (
            <button
              type="button"
              class="primary"
              onClick={() => {
                isPressed.current = true;
                begin();
              }}
            >
              Another round
            </button>
          )}
          <output class="score">{score.total > 0 && `${score.right} of ${score.total} right`}</output>
        </div>
      </section>
      <div class="panes two">
        {panes.map((pane, side) => {
          const model = round?.models[side] ?? '';
          const kind = isOpen ? 'unnamed' : side === round.answer ? 'main' : 'compared';
          return (
            <PaneView
              key={side}
              kind={kind}
              title={isOpen ? (NAMES[side] ?? '') : `${NAMES[side]}: ${modelTitle(model, data)}`}
              subtitle={isOpen ? undefined : describeModel(data, model)}
              state={pane.state}
              tint={isOpen ? undefined : tint}
              onRetry={pane.again}
            />
          );
        })}
      </div>
    </>
  );
}
