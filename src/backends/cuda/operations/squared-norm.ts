/** @file The sum of squares on the GPU: chunks by blocks, then their sums by one. */

import { input } from '../../../engine/operation.ts';
import { elements } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { bytesOf, ceilDivide, launch, THREADS, threadsFor } from './steps.ts';

/** Elements whose squares a block sums. */
const CHUNK = 65_536;

export const squaredNorm: CudaOperation = {
  workspace: (node) => ({
    bytes: bytesOf(ceilDivide(elements(input(node).shape), CHUNK), 'float64'),
    sizes: { chunk: CHUNK },
  }),
  steps: (node) => {
    const chunks = ceilDivide(elements(input(node).shape), CHUNK);
    return [
      launch('squared_norm_chunks', [chunks], THREADS),
      launch('squared_norm_total', [1], threadsFor(chunks), { traffic: bytesOf(chunks, 'float64') }),
    ];
  },
};
