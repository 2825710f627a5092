/** @file The addition of two streams on the GPU. */

import { output } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { launchOver, rowsOf } from './steps.ts';

export const add: CudaOperation = {
  steps: (node, active) => [launchOver('add', rowsOf(active) * extent(output(node), -1), 4)],
};
