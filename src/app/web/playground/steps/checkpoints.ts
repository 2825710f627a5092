/** @file The checkpoints that a reader can choose from. */

import { formatCount } from '../../../../support/format.ts';
import { type Checkpoint, type PageData, UNTRAINED } from '../page-data.ts';

/** The checkpoint of a step; the newest for undefined, or for a step that is not kept. */
export function checkpointAt({ steps }: PageData, step: number | undefined): Checkpoint | undefined {
  return steps.find((checkpoint) => checkpoint.step === step) ?? steps.at(-1);
}

/** The id of the trained model at a step. */
export function chosenModel(data: PageData, step: number | undefined): string {
  const checkpoint = checkpointAt(data, step);
  return checkpoint === undefined || checkpoint === data.steps.at(-1) ? data.main : checkpoint.id;
}

/** `after 400 steps, validation loss 3.21`; undefined for a model that is no checkpoint of the run. */
export function describeModel(data: PageData, model: string): string | undefined {
  if (model === UNTRAINED) return 'random weights, before the first step';
  const checkpoint = model === data.main ? data.steps.at(-1) : data.steps.find(({ id }) => id === model);
  if (!checkpoint) return undefined;
  const { step: steps, validationLoss } = checkpoint;
  const loss = validationLoss === null ? '' : `, validation loss ${validationLoss.toFixed(2)}`;
  return steps === 0 ? `before the first step${loss}` : `after ${formatCount(steps)} steps${loss}`;
}
