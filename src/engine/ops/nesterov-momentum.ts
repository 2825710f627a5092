/**
 * @file Momentum with a look ahead (Nesterov) over a weight's gradient, with the clip factor folded in. The weight's columns
 * may be several matrices side by side, as query, key and value are: the direction has each by itself.
 */

import { apply, type Operation, output, updated } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

/** Matrices side by side in a weight [rows, parts·columns]. */
export interface MatrixParts {
  readonly parts: number;
  readonly rows: number;
  /** Of each part. */
  readonly columns: number;
}

/** The sizes of a direction [parts, rows, columns]. */
export const partSizes = (direction: Tensor): MatrixParts & Record<string, number> => ({
  parts: extent(direction, 0),
  rows: extent(direction, 1),
  columns: extent(direction, 2),
});

const nesterovMomentumUpdate: Operation<{ readonly beta: number }> = {
  name: 'nesterov_momentum',
  tensors: { inputs: ['factor'], outputs: ['direction'], updates: ['gradients', 'momentum'] },
  sizes: (node) => partSizes(output(node)),
  constants: ({ attributes: { beta } }) => ({ beta }),
  flops: (node) => 6 * elements(updated(node).shape),
};

/**
 * m = β·m + (1−β)·factor·g and the direction β·m + (1−β)·factor·g; zeroes the gradients. A negative factor leaves the
 * momentum as it is and gives a direction of zeros.
 *
 * @param factor of `clipFactor`, a float32 scalar
 * @param buffers stretches of the same weight: of the gradients and of the momentum
 * @returns float32 [parts, rows, columns]
 */
export function nesterovMomentum(
  factor: Tensor,
  buffers: { readonly gradients: Tensor; readonly momentum: Tensor },
  { parts, rows, columns }: MatrixParts,
  beta: number,
): Tensor {
  const outputs = [{ shape: [parts, rows, columns], dtype: 'float32' }] as const;
  const updates = [buffers.gradients, buffers.momentum];
  return output(apply(factor.graph, nesterovMomentumUpdate, { inputs: [factor], outputs, updates }, { beta }));
}
