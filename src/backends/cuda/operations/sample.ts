/** @file Sampling on the GPU: a block a row of logits. */

import { input } from '../../../engine/operation.ts';
import { elements, extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { ceilDivide, launch, partition, threadsFor } from './steps.ts';

/** Logits that a thread looks at, of rows that are not long enough for the largest block. */
const LOGITS = 8;
/** Of a weight, in which the workspace is counted. */
const WEIGHT_BYTES = 8;

export const sample: CudaOperation = {
  workspace: (node) => {
    const count = elements(input(node).shape);
    const { bytes, offsets } = partition({ weights: WEIGHT_BYTES * count, adjusted: 4 * count });
    return { bytes, sizes: { adjustedOffset: offsets.adjusted / WEIGHT_BYTES } };
  },
  steps: (node, { batch }) => [launch('sample', [batch], threadsFor(ceilDivide(extent(input(node), -1), LOGITS)))],
};
