/** @file The passes over a weight by its matrices on the GPU: a block for each row of each. */

import type { Node } from '../../../engine/graph.ts';
import { input, output } from '../../../engine/operation.ts';
import { extent, type Tensor } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { launch, threadsFor } from './steps.ts';

/** @param directionOf the tensor [parts, rows, columns] */
const rowByRow = (name: string, directionOf: (node: Node) => Tensor): CudaOperation => ({
  steps: (node) => {
    const direction = directionOf(node);
    return [launch(name, [extent(direction, 1), extent(direction, 0)], threadsFor(extent(direction, 2)))];
  },
});

export const nesterovMomentum = rowByRow('nesterov_momentum', (node) => output(node));
export const cautiousUpdate = rowByRow('cautious_update', (node) => input(node, 2));
