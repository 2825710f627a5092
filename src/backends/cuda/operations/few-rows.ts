/** @file Products of a few rows on the GPU (few_rows.h): logits, and everything that reads packed weights. */

import type { Node } from '../../../engine/graph.ts';
import { input, output } from '../../../engine/operation.ts';
import { extent } from '../../../engine/tensor.ts';
import type { CudaOperation, Extents, Launch, Step } from '../operation.ts';
import { applyGelu, convert } from './elementwise.ts';
import { bytesOf, ceilDivide, isBfloat16, launch, matrix, rowsOf, scratch, WARP } from './steps.ts';

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

/** More rows than a kernel multiplies at once: a product of cuBLASLt reads the weights once for all of them. */
function multiplyMany(node: Node, rows: number): Step[] {
  const [x, packed] = [input(node), input(node, 1)];
  const [y, preactivation] = [output(node), node.outputs[1]];
  const n = extent(y, -1);
  const bias = scratch(0, 'bfloat16', n);
  return [
    convert('packed_linear_convert_bias', n),
    {
      kind: 'product',
      m: rows,
      n,
      k: extent(x, -1),
      a: matrix(x),
      b: matrix(packed, { transposed: true }),
      d: matrix(preactivation ?? y),
      bias: { place: bias.place, dtype: bias.dtype },
    },
    ...(preactivation ? [applyGelu('packed_linear_gelu', rows * n, y.dtype)] : []),
  ];
}

export const packedLinear: CudaOperation = {
  workspace: (node) => ({ bytes: bytesOf(extent(output(node), -1), 'bfloat16'), sizes: {} }),
  steps: (node, active) => {
    const rows = rowsOf(active);
    const isProduct = rows > Math.max(...ROWS) && isBfloat16(input(node));
    return isProduct ? multiplyMany(node, rows) : multiply(node, rows);
  },
};
