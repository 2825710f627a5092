/**
 * @file Accuracy on HellaSwag: how often the right one of four endings is the most likely, by the sum of its tokens'
 * log-probabilities and, normalised, by their mean.
 */

import type { Communicator } from '../engine/runtime/communicator.ts';
import type { HellaswagTask } from './hellaswag-task.ts';
import { inStep } from './in-step.ts';
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
 * @param signal interrupts this rank
 * @param asked asks all ranks to stop
 */
export async function* hellaswag(
  scorer: Scorer,
  task: HellaswagTask,
  communicator: Pick<Communicator, 'size' | 'sum'>,
  signal?: AbortSignal,
  asked?: AbortSignal,
): AsyncGenerator<number, HellaswagResult | undefined> {
  const counts = { correct: 0, correctNorm: 0, total: 0 };
  if (!(yield* inStep(communicator, countCorrect(scorer, task, counts, signal), asked))) return undefined;
  const sums = Float64Array.of(counts.correct, counts.correctNorm, counts.total);
  await communicator.sum(sums);
  const [correct = 0, correctNorm = 0, total = 0] = sums;
  return { accuracy: correct / total, accuracyNorm: correctNorm / total, correct, correctNorm, total };
}

/** Counts this rank's examples; returns false when it was interrupted. */
async function* countCorrect(
  scorer: Scorer,
  task: HellaswagTask,
  counts: { correct: number; correctNorm: number; total: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<number, boolean> {
  for await (const { sums, lengths } of scoreEndings(scorer, task, signal)) {
    const label = task.labels[counts.total];
    if (argmax(sums) === label) counts.correct++;
    if (argmax(sums.map((sum, ending) => sum / (lengths[ending] ?? 1))) === label) counts.correctNorm++;
    yield ++counts.total;
  }
  return counts.total === task.labels.length;
}

/** The index of the largest value, the first in a tie. */
function argmax(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
