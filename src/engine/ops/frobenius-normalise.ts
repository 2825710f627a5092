/** @file Matrices scaled to a Frobenius norm just below 1, which bounds their singular values by 1. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const frobeniusNormaliseForward: Operation<{ readonly safety: number }> = {
  name: 'frobenius_normalise',
  tensors: { inputs: ['x'], outputs: ['y'] },
  sizes: (node) => ({
    parts: extent(input(node), 0),
    count: elements(input(node).shape) / extent(input(node), 0),
  }),
  constants: ({ attributes: { safety } }) => ({ safety }),
  flops: (node) => 3 * elements(input(node).shape),
};

/**
 * x / (safety·‖x‖) for each matrix; zeros stay zeros.
 *
 * @param x float32 [parts, rows, columns]
 * @param safety a little more than 1, for what later roundings add
 */
export function frobeniusNormalise(x: Tensor, safety: number): Tensor {
  return output(apply(x.graph, frobeniusNormaliseForward, { inputs: [x], outputs: [x] }, { safety }));
}
