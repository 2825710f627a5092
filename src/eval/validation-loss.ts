/** @file Validation loss: the mean cross-entropy over the first tokens of the validation split, unshuffled. */

import type { EvaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { Communicator } from '../engine/runtime/communicator.ts';
import type { Program } from '../engine/runtime/program.ts';
import { inStep } from './in-step.ts';

type Ranks = Pick<Communicator, 'rank' | 'size' | 'sum'>;

/**
 * Mean loss in nats per token; returns undefined when it was stopped. Yields the number of batches done. Summed in
 * double, by window and then over windows in their order, so that neither the batch size nor the number of ranks makes a
 * difference.
 *
 * @param evaluate program with inputs tokens and targets [B, T] and the result losses [B, T]
 * @param batches this rank's share
 * @param signal interrupts this rank
 * @param asked asks all ranks to stop
 */
export async function* validationLoss(
  evaluate: Program,
  batches: EvaluationBatches,
  communicator: Ranks,
  signal?: AbortSignal,
  asked?: AbortSignal,
): AsyncGenerator<number, number | undefined> {
  const windows = new Float64Array(batches.batchCount * communicator.size * evaluate.plan.batch);
  const share = windowLosses(evaluate, batches, communicator, windows, signal);
  if (!(yield* inStep(communicator, share, asked))) return undefined;
  await communicator.sum(windows);
  return windows.reduce((total, loss) => total + loss, 0) / batches.tokenCount;
}

/** Fills in the summed losses of this rank's windows; returns false when it was interrupted. */
async function* windowLosses(
  evaluate: Program,
  batches: EvaluationBatches,
  { rank, size }: Ranks,
  windows: Float64Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<number, boolean> {
  const { batch, length } = evaluate.plan;
  const losses = new Float32Array(batch * length);
  let done = 0;
  for (const { tokens, targets } of batches) {
    if ((await evaluate.run({ tokens, targets }, { signal, results: { losses } })) === 'stopped') return false;
    const first = (done * size + rank) * batch;
    losses.forEach((loss, index) => {
      windows[first + Math.floor(index / length)]! += loss;
    });
    yield ++done;
  }
  return true;
}
