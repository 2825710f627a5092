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
    const [gradient, preactivation, made] = [input(node), node.inputs[1], node.outputs[0]];
    const rows = rowsOf(active);
    const name = 'linear_backward_bias_gradient';
    const first = gradientLaunch(name, rows, gradient, preactivation, made?.dtype);
    const sums = sumsLaunch('linear_backward_bias_sums', rows, extent(gradient, -1));
    return node.updates[0] ? [first, sums] : [first];
  },
};
