/** @file A sentence on what is happening. */

import { isFinished, stepsTrained } from '../dashboard/run-state.ts';
import type { TrainingState } from './training-state.ts';

const PREPARING: Readonly<Record<TrainingState['preparing'], string>> = {
  stories: 'Writing the stories that it will learn from …',
  device: 'Starting WebAssembly …',
};

/** What a model of a validation loss can do, the best first. A loss of 10.8 is that of blind guesses among 50,257 tokens. */
const ABILITIES: readonly (readonly [belowLoss: number, sentence: string])[] = [
  [1.25, 'It writes whole sentences: a child, an animal, a thing that is lost, and a happy end.'],
  [1.7, 'It writes phrases that make sense, and now and then forgets what it was about.'],
  [2.6, 'It has learnt which words go together.'],
  [4.5, 'It has learnt which word follows which.'],
  [8, 'It has learnt which words there are in the stories, not yet where they go.'],
];
const NONE = 'It knows nothing yet: each of 50,257 tokens is as likely as any other.';

/** What the model can do by its newest validation loss. */
export function describeAbility(validationLoss: number | null | undefined): string {
  return ABILITIES.find(([belowLoss]) => (validationLoss ?? Number.POSITIVE_INFINITY) < belowLoss)?.[1] ?? NONE;
}

/** What the worker does, and how far the model is. */
export function describeTraining(state: TrainingState): string {
  const { phase, preparing, run } = state;
  const ability = describeAbility(run.history.evaluations.validationLoss.at(-1));
  if (phase === 'recalling') return 'Looking for what you have trained before …';
  if (phase === 'preparing') return PREPARING[preparing];
  if (phase === 'stopping') return 'Stopping …';
  if (phase === 'training') return `At each step it guesses the next word of some stories and is corrected. ${ability}`;
  if (stepsTrained(run) === 0) return 'Nothing is downloaded and nothing leaves this computer. It takes a few minutes.';
  return isFinished(run) ? `It is trained. ${ability}` : `It is stopped; resume whenever you like. ${ability}`;
}
