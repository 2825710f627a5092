/** @file Validation loss: the mean cross-entropy over the first tokens of the validation split, unshuffled. */

import type { EvaluationBatches } from '../data/evaluation-batches.ts';
import type { Program } from '../engine/session.ts';

/**
 * Mean loss in nats per token; undefined when the backend was stopped meanwhile. Summed in double in the order of the
 * windows, so that the batch size makes no difference.
 *
 * @param evaluate program with inputs tokens and targets [B, T] and the result losses [B, T]
 */
export async function validationLoss(evaluate: Program, batches: EvaluationBatches): Promise<number | undefined> {
  const losses = new Float32Array(evaluate.plan.batch * evaluate.plan.length);
  let sum = 0;
  for (const { tokens, targets } of batches) {
    if ((await evaluate.run({ tokens, targets })) === 'stopped') return undefined;
    evaluate.read('losses', losses);
    for (const loss of losses) sum += loss;
  }
  return sum / batches.tokenCount;
}
