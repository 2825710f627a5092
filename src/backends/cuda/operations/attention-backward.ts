/**
 * @file The gradient of causal self-attention on the GPU, in two kernels without atomics: a block for each block of queries of
 * each head, then one for each block of keys. In bf16, with heads of 64, a thread has up to 255 registers and a block 65 KB
 * of shared memory: two blocks are on a multiprocessor at once.
 */

import { input } from '../../../engine/operation.ts';
import { byteLength } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { paddedBytes, type Tiles, tilesOf } from './attention-tiles.ts';
import { bytesOf, ceilDivide, launch } from './steps.ts';

/** Rows of the other side that a bf16 kernel copies at a time. */
const TILE = 64;

/** Shared memory of either kernel (kernels/attention_backward_*.h). */
function sharedBytes({ rows, width, isBfloat16 }: Tiles): { readonly queries: number; readonly keys: number } {
  if (isBfloat16) {
    /* Two tensors of own rows, two stages of two tensors of the other side. */
    const tiles = bytesOf((2 * rows + 4 * TILE) * width, 'bfloat16');
    return { queries: tiles + bytesOf(rows, 'float32'), keys: tiles + bytesOf(2 * 2 * TILE, 'float32') };
  }
  const others = width <= 64 ? 32 : 16;
  const tiles = paddedBytes(2 * rows + 2 * others, width);
  return {
    queries: tiles + paddedBytes(rows, others) + bytesOf(rows, 'float32'),
    keys: tiles + paddedBytes(2 * others, rows),
  };
}

export const attentionBackward: CudaOperation = {
  /** rowsum(dout ⊙ out), which the first kernel leaves for the second: as many numbers as logSumExp. */
  workspace: (node) => ({ bytes: byteLength(input(node, 3)), sizes: {} }),
  steps: (node, active) => {
    const tiles = tilesOf(node);
    const grid = [ceilDivide(active.length, tiles.rows) * active.batch * tiles.heads] as const;
    const shared = sharedBytes(tiles);
    return [
      launch(`attention_backward_queries_${tiles.width}`, grid, tiles.threads, { sharedBytes: shared.queries }),
      launch(`attention_backward_keys_${tiles.width}`, grid, tiles.threads, { sharedBytes: shared.keys }),
    ];
  },
};
