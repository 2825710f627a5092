/**
 * @file Accuracy on HellaSwag: how often the right one of four endings is the most likely, by the sum of its tokens'
 * log-probabilities and, normalised, by their mean.
 */

import type { Communicator } from '../engine/runtime/communicator.ts';
import type { HellaswagTask } from './hellaswag-task.ts';
import type { ContinuationScores, Scorer } from './scorer.ts';

export interface HellaswagResult {
  readonly accuracy: number;
  /** By mean log-probability per token. */
  readonly accuracyNorm: number;
  readonly correct: number;
  readonly correctNorm: number;
  readonly total: number;
}

/** Summed log-probability of each ending, in double, and its number of tokens. */
interface EndingScores {
  readonly sums: readonly number[];
  readonly lengths: readonly number[];
}

/** Yields the scores of each example; ends early when it was stopped. */
async function* scoreEndings(
  scorer: Scorer,
  { requests }: HellaswagTask,
  signal?: AbortSignal,
): AsyncGenerator<EndingScores, void> {
  for await (const endings of scorer.score(requests, signal))
    yield { sums: endings.map(sumOf), lengths: endings.map(({ values }) => values.length) };
}

const sumOf = ({ values }: ContinuationScores): number => values.reduce((sum, value) => sum + value, 0);

/**
 * Evaluates a model. Yields the number of examples done; returns undefined when it was stopped. The counts do not depend
 * on which examples are packed together, nor on how many ranks share them.
 *
 * @param task this rank's share of the examples
 */
export async function* hellaswag(
  scorer: Scorer,
  task: HellaswagTask,
  communicator: Pick<Communicator, 'sum'>,
  signal?: AbortSignal,
): AsyncGenerator<number, HellaswagResult | undefined> {
  let done = 0;
  let correct = 0;
  let correctNorm = 0;
  for await (const { sums, lengths } of scoreEndings(scorer, task, signal)) {
    const label = task.labels[done];
    if (argmax(sums) === label) correct++;
    if (argmax(sums.map((sum, ending) => sum / (lengths[ending] ?? 1))) === label) correctNorm++;
    yield ++done;
  }
  if (done < task.labels.length) return undefined;
  const counts = Float64Array.of(correct, correctNorm, done);
  await communicator.sum(counts);
  const [allCorrect = 0, allCorrectNorm = 0, total = 0] = counts;
  return {
    accuracy: allCorrect / total,
    accuracyNorm: allCorrectNorm / total,
    correct: allCorrect,
    correctNorm: allCorrectNorm,
    total,
  };
}

/** The index of the largest value, the first in a tie. */
function argmax(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
