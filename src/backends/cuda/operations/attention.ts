/**
 * @file Causal self-attention on the GPU, a block for each block of queries of each head. In bf16, with heads of 64, a thread
 * has up to 250 registers and a block 48 KB of shared memory: two blocks are on a multiprocessor at once.
 */

import type { CudaOperation } from '../operation.ts';
import { forwardSharedBytes, tilesOf } from './attention-tiles.ts';
import { ceilDivide, launch } from './steps.ts';

export const attention: CudaOperation = {
  steps: (node, active) => {
    const tiles = tilesOf(node);
    const blocks = ceilDivide(active.length, tiles.rows) * active.batch * tiles.heads;
    const sharedBytes = forwardSharedBytes(tiles, tiles.rows);
    return [launch(`attention_${tiles.width}`, [blocks], tiles.threads, { sharedBytes })];
  },
};
