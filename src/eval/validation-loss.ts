/** @file Validation loss: the mean cross-entropy over the first tokens of the validation split, unshuffled. */

import type { EvaluationBatches } from '../data/evaluation-batches.ts';
import type { Program } from '../engine/runtime/session.ts';

/**
 * Mean loss in nats per token; undefined when it was stopped meanwhile. Yields the number of batches done. Summed in double
 * in the order of the windows, so that the batch size makes no difference.
 *
 * @param evaluate program with inputs tokens and targets [B, T] and the result losses [B, T]
 */
export async function* validationLoss(
  evaluate: Program,
  batches: EvaluationBatches,
  signal?: AbortSignal,
): AsyncGenerator<number, number | undefined> {
  const losses = new Float32Array(evaluate.plan.batch * evaluate.plan.length);
  let sum = 0;
  let done = 0;
  for (const { tokens, targets } of batches) {
    if ((await evaluate.run({ tokens, targets }, { signal, results: { losses } })) === 'stopped') return undefined;
    for (const loss of losses) sum += loss;
    yield ++done;
  }
  return sum / batches.tokenCount;
}
