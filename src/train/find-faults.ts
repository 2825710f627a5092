/** @file Which ranks a loss that is not finite comes from: once summed, every rank has it. */

import type { BatchLoader } from '../data/batches/batch-loader.ts';
import type { TrainingModel } from './training-model.ts';

/**
 * The ranks, and their first micro-steps, whose own rows of a step have losses that are not finite under the present weights;
 * '' when none has, or in a world of one. Every rank must ask.
 */
export async function findFaults(
  model: TrainingModel,
  loader: BatchLoader,
  step: number,
  microSteps: number,
): Promise<string> {
  const { communicator, session } = model;
  if (communicator.size === 1) return '';
  const evaluate = session.program('evaluate');
  const losses = new Float32Array(evaluate.plan.batch * evaluate.plan.length);
  let fault = '';
  for (let micro = 0; micro < microSteps && fault === ''; micro++) {
    const { tokens, targets } = loader.batch(step, micro);
    await evaluate.run({ tokens, targets }, { results: { losses }, signal: communicator.failed });
    if (!losses.every(Number.isFinite)) fault = `micro-step ${micro}`;
  }
  const faults = await communicator.share(fault);
  return faults.flatMap((each, rank) => (each === '' ? [] : [`${each} of rank ${rank}`])).join(', ');
}
