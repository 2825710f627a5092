/** @file Products of a few rows on the GPU (few_rows.h): logits, and everything that reads packed weights. */

import type { Node } from '../../../engine/graph.ts';
import { output } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation, Extents, Launch } from '../operation.ts';
import { ceilDivide, launch, rowsOf, WARP } from './steps.ts';

/** Rows that a kernel multiplies with one reading of the weights. */
const ROWS = [1, 2, 4, 8];
/** Columns of a warp, and warps of a block. */
const COLUMNS = 2;
const WARPS = 4;

function multiply(node: Node, rows: number): Launch[] {
  const blocks = ceilDivide(extent(output(node), -1), COLUMNS * WARPS);
  const atOnce = ROWS.find((some) => rows <= some) ?? Math.max(...ROWS);
  return [launch(`${node.op.name}_${atOnce}`, [blocks, ceilDivide(rows, atOnce)], WARP * WARPS)];
}

const rowOfEachStream: CudaOperation = { steps: (node: Node, { batch }: Extents) => multiply(node, batch) };

export const logits = rowOfEachStream;
export const packedLogits = rowOfEachStream;
export const packedLinear: CudaOperation = { steps: (node, active) => multiply(node, rowsOf(active)) };
