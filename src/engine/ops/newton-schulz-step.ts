/**
 * @file A step of a Newton–Schulz iteration: an odd polynomial of a matrix that moves its singular values towards 1 and
 * leaves its singular vectors alone, so that some steps make the nearest orthogonal matrix (Jordan 2024).
 */

import { apply, input, type Operation, output } from '../operation.ts';
import type { Tensor } from '../tensor.ts';
import { partSizes } from './nesterov-momentum.ts';

/** Of a·s + b·s³ + c·s⁵. */
export interface QuinticCoefficients {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const newtonSchulzStepForward: Operation<QuinticCoefficients> = {
  name: 'newton_schulz_step',
  tensors: { inputs: ['x'], outputs: ['y'] },
  sizes: (node) => partSizes(input(node)),
  constants: ({ attributes: { a, b, c } }) => ({ a, b, c }),
  flops: (node) => {
    const { parts, rows, columns } = partSizes(input(node));
    const [side, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    return parts * (4 * side ** 2 * length + 2 * side ** 3);
  },
};

/**
 * a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x for each matrix.
 *
 * @param x float32 [parts, rows, columns], singular values up to 1
 */
export function newtonSchulzStep(x: Tensor, coefficients: QuinticCoefficients): Tensor {
  return output(apply(x.graph, newtonSchulzStepForward, { inputs: [x], outputs: [x] }, coefficients));
}
