/** @file LayerNorm on the GPU: a warp a row forward; backward a block for a stretch of rows. */

import { output } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import { UserError } from '../../../support/errors.ts';
import type { CudaOperation } from '../operation.ts';
import { alignUp, bytesOf, ceilDivide, launch, MAX_THREADS, maxRowsOf, rowsOf, threadsFor, WARP } from './steps.ts';

/** Numbers that a thread reads at once. */
const WIDTH = 4;
/** Warps of a block, if the rows that they keep fit. */
const WARPS = 8;
/** Shared memory that any GPU gives a block. */
const SHARED_BYTES = 48 * 1024;

export const layerNorm: CudaOperation = {
  steps: (node, active) => {
    const rowBytes = bytesOf(alignUp(extent(output(node), -1), WIDTH), 'float32');
    const warps = Math.min(WARPS, Math.max(1, Math.floor(SHARED_BYTES / rowBytes)));
    const grid = [ceilDivide(rowsOf(active), warps)] as const;
    return [launch('layer_norm', grid, warps * WARP, { sharedBytes: warps * rowBytes })];
  },
};

/** Stretches of rows that have a block each: enough for the largest GPU, few enough that their sums cost nothing. */
const BLOCKS = 512;
/** Rows that a block takes at once, so that shorter stretches are none. */
const ROWS = 2;

const blocksFor = (rows: number): number => Math.min(BLOCKS, ceilDivide(rows, ROWS));

/** The kernels of layer_norm_backward.cu by the channels that they go up to. */
const KERNELS = [
  { name: 'layer_norm_backward', groups: 1 },
  { name: 'layer_norm_backward_wide', groups: 3 },
].map(({ name, groups }) => ({ name, groups, channels: groups * 512 * WIDTH }));

export const layerNormBackward: CudaOperation = {
  workspace: (node) => {
    const x = output(node);
    return { bytes: bytesOf(blocksFor(maxRowsOf(x)) * 2 * extent(x, -1), 'float32'), sizes: {} };
  },
  steps: (node, active) => {
    const C = extent(output(node), -1);
    const kernel = KERNELS.find(({ channels }) => C <= channels);
    if (!kernel) throw new UserError(`expected at most ${KERNELS.at(-1)?.channels} channels on a GPU, found ${C}`);
    const blocks = blocksFor(rowsOf(active));
    const sizes = { blocks };
    const sums = { sizes, traffic: bytesOf(blocks * C, 'float32') };
    const columns = [ceilDivide(C, WARP)] as const;
    return [
      launch(kernel.name, [blocks], threadsFor(ceilDivide(C, WIDTH * kernel.groups)), { sizes }),
      launch('layer_norm_backward_weight', columns, MAX_THREADS, sums),
      launch('layer_norm_backward_bias', columns, MAX_THREADS, sums),
    ];
  },
};
