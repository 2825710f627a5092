/** @file The embedding on the GPU; its gradient without atomic adds: rows sorted by token, then summed in that order. */

import type { Node } from '../../../engine/graph.ts';
import { input, output, updated } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation, Extents, Launch } from '../operation.ts';
import { bytesOf, ceilDivide, launch, MAX_THREADS, maxRowsOf, partition, rowsOf, THREADS, WARP } from './steps.ts';

export const embedding: CudaOperation = {
  steps: (node, active) => {
    const traffic = 2 * bytesOf(rowsOf(active) * extent(output(node), -1), 'float32');
    return [launch('embedding', [ceilDivide(rowsOf(active), THREADS / WARP)], THREADS, { traffic })];
  },
};

/** As in embedding_backward.cu. */
const BINS = 256;
const DIGIT_BITS = 8;
const SORTED = 2048;
const TILE = 64;
const WIDTH = 4;

function partsOf(node: Node) {
  const gradient = input(node, 2);
  const rows = maxRowsOf(gradient);
  const pairs = bytesOf(2 * rows, 'int32');
  const { bytes, offsets } = partition({
    first: pairs,
    second: pairs,
    counts: bytesOf(BINS * ceilDivide(rows, SORTED), 'int32'),
    parts: bytesOf(ceilDivide(rows, TILE) * 2 * extent(gradient, -1), 'float32'),
  });
  return {
    bytes,
    sizes: { secondOffset: offsets.second, countsOffset: offsets.counts, partsOffset: offsets.parts },
  };
}

/** Adds the rows' gradients to those of a table with `size` rows. */
function addSorted(channels: number, rows: number, size: number, byPosition: 0 | 1): Launch[] {
  const passes = Math.max(1, ceilDivide(Math.ceil(Math.log2(size)), DIGIT_BITS));
  const blocks = ceilDivide(rows, SORTED);
  const sorting = Array.from({ length: passes }, (_, pass) => {
    const rest = { sizes: { byPosition, pass }, traffic: bytesOf(2 * rows, 'int32') };
    return [
      launch('embedding_backward_count', [blocks], BINS, rest),
      launch('embedding_backward_scan', [1], MAX_THREADS, rest),
      launch('embedding_backward_scatter', [blocks], BINS, rest),
    ];
  });
  const sizes = { byPosition, pass: passes };
  const rowBytes = bytesOf(channels, 'float32');
  const { columns, threads } = columnsOf(channels);
  const grid = [ceilDivide(rows, TILE), columns] as const;
  return [
    ...sorting.flat(),
    launch('embedding_backward_tiles', grid, threads, { sizes, traffic: (rows + 2 * Math.min(rows, size)) * rowBytes }),
    launch('embedding_backward_runs', grid, threads, { sizes, traffic: 2 * ceilDivide(rows, TILE) * rowBytes }),
  ];
}

/** A warp for each vector a lane: blocks over the columns, and their threads. */
function columnsOf(channels: number): { readonly columns: number; readonly threads: number } {
  const warps = ceilDivide(channels, WIDTH * WARP);
  const threads = WARP * Math.min(warps, THREADS / WARP);
  return { columns: ceilDivide(warps * WARP, threads), threads };
}

function steps(node: Node, active: Extents): Launch[] {
  const channels = extent(input(node, 2), -1);
  const rows = rowsOf(active);
  const tokens = addSorted(channels, rows, extent(updated(node, 0), 0), 0);
  if (node.inputs[1]) return [...tokens, ...addSorted(channels, rows, extent(updated(node, 1), 0), 1)];
  const { columns, threads } = columnsOf(channels);
  const traffic = bytesOf(rows * channels, 'float32');
  const rest = { sizes: { byPosition: 1, pass: 0 }, traffic };
  return [...tokens, launch('embedding_backward_positions', [active.length, columns], threads, rest)];
}

export const embeddingBackward: CudaOperation = { workspace: partsOf, steps };
