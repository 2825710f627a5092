/** @file AdamW on the GPU: one launch for a stretch of the flat buffers. */

import { updated } from '../../../engine/operation.ts';
import { elements } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { ceilDivide, launch, THREADS } from './steps.ts';

/** Elements a block updates (adamw.cu). */
const ELEMENTS = 8192;

export const adamw: CudaOperation = {
  steps: (node) => [launch('adamw', [ceilDivide(elements(updated(node).shape), ELEMENTS)], THREADS)],
};
