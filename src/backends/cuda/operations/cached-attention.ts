/**
 * @file Attention over the key-value cache on the GPU. Decoding asks for all rows of a share before it uses any: with heads of
 * 64 in bf16, 16 KB a block, and 80 registers a thread let six blocks be on a multiprocessor at once.
 */

import { output, updated } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation } from '../operation.ts';
import { forwardSharedBytes, tilesOf } from './attention-tiles.ts';
import { alignUp, bytesOf, ceilDivide, launch, launchOver, rowsOf, WARP } from './steps.ts';

/** Cached positions of a share, which a block of `DECODE_THREADS` reads. */
const SPLIT = 64;
const DECODE_THREADS = 128;
/** Query rows of a block of a prompt. */
const ROWS = 64;
/** Elements that a thread writes to the cache. */
const GRAIN = 8;

export const cachedAttention: CudaOperation = {
  workspace: (node) => {
    const { heads, headSize } = tilesOf(node);
    const shares = extent(output(node), 0) * ceilDivide(extent(updated(node), 3), SPLIT);
    return { bytes: bytesOf(shares * heads * (2 + headSize), 'float32'), sizes: {} };
  },
  steps: (node, active) => {
    const tiles = tilesOf(node);
    const { heads, headSize, width } = tiles;
    if (active.length === 1) {
      const splits = ceilDivide(extent(updated(node), 3), SPLIT);
      return [
        launch(`cached_attention_decode_${width}`, [splits, heads, active.batch], DECODE_THREADS),
        launch('cached_attention_join', [heads, active.batch], alignUp(headSize, WARP)),
      ];
    }
    const blocks = ceilDivide(active.length, ROWS) * active.batch * heads;
    const sharedBytes = forwardSharedBytes(tiles, ROWS);
    return [
      launchOver('cached_attention_write', rowsOf(active) * heads * headSize, GRAIN),
      launch(`cached_attention_prefill_${width}`, [blocks], tiles.threads, { sharedBytes }),
    ];
  },
};
