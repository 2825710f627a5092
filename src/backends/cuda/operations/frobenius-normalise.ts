/** @file Matrices scaled to a norm on the GPU: the squares of chunks by blocks, then the chunks. */

import type { Node } from '../../../engine/graph.ts';
import { input } from '../../../engine/operation.ts';
import { byteLength, elements, extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { bytesOf, ceilDivide, launch, THREADS } from './steps.ts';

/** Elements whose squares a block sums. */
const CHUNK = 16_384;

function grid(node: Node): readonly [chunks: number, parts: number] {
  const parts = extent(input(node), 0);
  return [ceilDivide(elements(input(node).shape) / parts, CHUNK), parts];
}

export const frobeniusNormalise: CudaOperation = {
  workspace: (node) => {
    const [chunks, parts] = grid(node);
    return { bytes: bytesOf(parts * chunks, 'float64'), sizes: { chunk: CHUNK } };
  },
  steps: (node) => [
    launch('frobenius_normalise_squares', grid(node), THREADS, { traffic: byteLength(input(node)) }),
    launch('frobenius_normalise_scale', grid(node), THREADS),
  ],
};
