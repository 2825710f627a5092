/** @file Packing weights for products of a few rows on the GPU. */

import { updated } from '../../../engine/operation.ts';
import { elements, extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { convert } from './elementwise.ts';
import { ceilDivide, launch, THREADS } from './steps.ts';

/** Rows and columns that a block turns at once (pack_weight.cu). */
const TILE = 32;

export const packWeight: CudaOperation = {
  steps: (node) => {
    const packed = updated(node);
    const [columns, inputs] = [extent(packed, 0), extent(packed, 1)];
    const rest = { sizes: { columns } };
    // a parameter that is stored [outputs, inputs] is copied as it lies
    if (node.op.sizes?.(node).transposed === 1)
      return [convert('pack_weight_transposed', elements(packed.shape), rest)];
    const tiles = [ceilDivide(inputs, TILE), ceilDivide(columns, TILE)] as const;
    return [launch('pack_weight', tiles, THREADS, rest)];
  },
};
