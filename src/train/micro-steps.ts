/** @file How a step's batch is spread over micro-steps. */

import { UserError } from '../support/errors.ts';
import type { Settings } from './settings.ts';

/** Micro-steps of a step: total batch = micro-steps · ranks · rows · tokens. */
export function countMicroSteps(settings: Settings, worldSize: number): number {
  const { totalBatchSize, batchSize, sequenceLength } = settings;
  const perMicroStep = batchSize * sequenceLength * worldSize;
  const microSteps = totalBatchSize / perMicroStep;
  if (Number.isInteger(microSteps)) return microSteps;
  const below = Math.floor(microSteps) * perMicroStep;
  const nearest = below > 0 ? `${below} or ${below + perMicroStep}` : `${perMicroStep}`;
  throw new UserError(
    `--total-batch-size ${totalBatchSize} is not a multiple of batch size ${batchSize} × sequence length ${sequenceLength} × ${worldSize} rank${worldSize > 1 ? 's' : ''} = ${perMicroStep}; the nearest that are: ${nearest}`,
  );
}
