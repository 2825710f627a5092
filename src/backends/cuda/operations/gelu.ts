/** @file GELU on the GPU. */

import { output } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { applyGelu } from './elementwise.ts';
import { rowsOf } from './steps.ts';

export const gelu: CudaOperation = {
  steps: (node, active) => [applyGelu('gelu', rowsOf(active) * extent(output(node), -1), output(node).dtype)],
};
