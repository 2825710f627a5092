/** @file The gradient that a linear layer's products share, and its bias's, on the GPU. */

import { input } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { GRADIENT_ROWS, gradientLaunch, gradientPartialBytes, sumsLaunch } from './linear-gradient.ts';
import { maxRowsOf, rowsOf } from './steps.ts';

export const linearBackwardBias: CudaOperation = {
  workspace: (node) => {
    const gradient = input(node);
    const bytes = gradientPartialBytes(maxRowsOf(gradient), extent(gradient, -1));
    return { bytes, sizes: { gradientRows: GRADIENT_ROWS } };
  },
  steps: (node, active) => {
    const columns = extent(input(node), -1);
    const gradient = gradientLaunch('linear_backward_bias_gradient', rowsOf(active), columns);
    return node.updates[0] ? [gradient, sumsLaunch('linear_backward_bias_sums', columns)] : [gradient];
  },
};
