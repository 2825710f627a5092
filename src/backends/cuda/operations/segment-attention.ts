/** @file Attention within segments of one row on the GPU: as many blocks as any division of the row into segments takes. */

import { input } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { forwardSharedBytes, tilesOf } from './attention-tiles.ts';
import { launch, rowsOf } from './steps.ts';

/** Rows of a block; segments are short. */
const ROWS = 64;

export const segmentAttention: CudaOperation = {
  steps: (node, active) => {
    const tiles = tilesOf(node);
    const segments = Math.min(extent(input(node, 1), 0), rowsOf(active));
    const blocks = Math.floor((rowsOf(active) - segments) / ROWS) + segments;
    const sharedBytes = forwardSharedBytes(tiles, ROWS);
    return [launch(`segment_attention_${tiles.width}`, [blocks, tiles.heads], tiles.threads, { sharedBytes })];
  },
};
