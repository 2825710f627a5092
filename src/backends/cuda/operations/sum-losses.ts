/** @file The sum of the losses on the GPU: one block. */

import type { CudaOperation } from '../operation.ts';
import { launch, rowsOf, threadsFor } from './steps.ts';

export const sumLosses: CudaOperation = {
  steps: (_node, active) => [launch('sum_losses', [1], threadsFor(rowsOf(active)))],
};
