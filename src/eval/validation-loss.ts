/** @file Validation loss: the mean cross-entropy over the first tokens of the validation split, unshuffled. */

import type { EvaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { Communicator } from '../engine/runtime/communicator.ts';
import type { Program } from '../engine/runtime/program.ts';

/**
 * Mean loss in nats per token; returns undefined when it was stopped. Yields the number of batches done. Summed in
 * double, by window and then over windows in their order, so that neither the batch size nor the number of ranks makes a
 * difference.
 *
 * @param evaluate program with inputs tokens and targets [B, T] and the result losses [B, T] @param batches this rank's
 * share
 */
export async function* validationLoss(
  evaluate: Program,
  batches: EvaluationBatches,
  communicator: Pick<Communicator, 'rank' | 'size' | 'sum'>,
  signal?: AbortSignal,
): AsyncGenerator<number, number | undefined> {
  const { batch, length } = evaluate.plan;
  const { rank, size } = communicator;
  const losses = new Float32Array(batch * length);
  const windows = new Float64Array(batches.batchCount * size * batch);
  let done = 0;
  for (const { tokens, targets } of batches) {
    if ((await evaluate.run({ tokens, targets }, { signal, results: { losses } })) === 'stopped') return undefined;
    const first = (done * size + rank) * batch;
    losses.forEach((loss, index) => {
      windows[first + Math.floor(index / length)]! += loss;
    });
    yield ++done;
  }
  await communicator.sum(windows);
  return windows.reduce((total, loss) => total + loss, 0) / batches.tokenCount;
}
