/** @file GELU on the GPU. */

import { output } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { GELU_ELEMENTS } from './elementwise.ts';
import { launchOver, rowsOf } from './steps.ts';

export const gelu: CudaOperation = {
  steps: (node, active) => [launchOver('gelu', rowsOf(active) * extent(output(node), -1), GELU_ELEMENTS)],
};
