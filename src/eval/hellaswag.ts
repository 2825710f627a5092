/**
 * @file Accuracy on HellaSwag: how often the right one of four endings is the likeliest, by the sum of its tokens'
 * log-probabilities and, normalised, by their mean.
 */

import type { HellaswagExample } from './hellaswag-examples.ts';
import { requestOf } from './hellaswag-examples.ts';
import type { ContinuationScores, Scorer } from './scorer.ts';

export interface HellaswagResult {
  /** The likeliest by sum is right. */
  readonly correct: number;
  /** The likeliest by mean is right. */
  readonly correctNorm: number;
  readonly total: number;
  readonly accuracy: number;
  readonly accuracyNorm: number;
}

/** Summed log-probability of each ending, in double, and its number of tokens. */
export interface EndingScores {
  readonly sums: readonly number[];
  readonly lengths: readonly number[];
}

/** Yields the scores of each example; ends early when it was stopped. */
export async function* scoreEndings(
  scorer: Scorer,
  examples: readonly HellaswagExample[],
  contextLength: number,
  signal?: AbortSignal,
): AsyncGenerator<EndingScores, void> {
  const requests = examples.map((example) => requestOf(example, contextLength));
  for await (const endings of scorer.score(requests, signal))
    yield { sums: endings.map(sumOf), lengths: endings.map(({ values }) => values.length) };
}

const sumOf = ({ values }: ContinuationScores): number => values.reduce((sum, value) => sum + value, 0);

/**
 * Evaluates a model. Yields the number of examples done; undefined when it was stopped meanwhile. The counts are the same
 * whatever is packed together.
 */
export async function* hellaswag(
  scorer: Scorer,
  examples: readonly HellaswagExample[],
  contextLength: number,
  signal?: AbortSignal,
): AsyncGenerator<number, HellaswagResult | undefined> {
  let done = 0;
  let correct = 0;
  let correctNorm = 0;
  for await (const { sums, lengths } of scoreEndings(scorer, examples, contextLength, signal)) {
    const label = examples[done]?.label;
    if (likeliest(sums) === label) correct++;
    if (likeliest(sums.map((sum, ending) => sum / (lengths[ending] ?? 1))) === label) correctNorm++;
    yield ++done;
  }
  const total = examples.length;
  if (done < total) return undefined;
  return { correct, correctNorm, total, accuracy: correct / total, accuracyNorm: correctNorm / total };
}

/** The index of the largest, the first of equals. */
function likeliest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
