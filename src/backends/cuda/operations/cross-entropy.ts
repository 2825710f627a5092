/** @file The output head with cross-entropy on the GPU: by slices of rows, the products cuBLASLt's. */

import type { Node } from '../../../engine/graph.ts';
import { input, output, updated } from '../../../engine/operation.ts';
import { BYTES_PER_ELEMENT, elements, extent } from '../../../engine/tensor.ts';
import type { CudaOperation, Matrix, Product, Step } from '../operation.ts';
import {
  convertTable,
  logitsProduct,
  logitsStride,
  rowThreads,
  sliceRows,
  slicesOf,
  tableBytes,
  tableFor,
} from './head.ts';
import { bytesOf, launch, matrix, partition, rowsOf, scratch } from './steps.ts';

/** The most bytes of logits at once: for GPT-2 4096 rows of fp32. */
const LOSSES_BYTES = 1 << 30;
/**
 * The same in training, where every slice adds to the whole gradient of the token table: 8192 rows of bf16, so that with 65,536
 * rows the adding is 2.5 GB of memory traffic.
 */
const GRADIENT_BYTES = 1 << 30;

/** Logits are fp32 where only losses are made of them, and activations where their gradients take their place. */
function partsOf(node: Node, isDifferentiated: boolean) {
  const [x, tokenTable, targets] = [input(node), input(node, 1), input(node, 2)];
  const dtype = isDifferentiated ? x.dtype : 'float32';
  const stride = logitsStride(tokenTable);
  const bytes = isDifferentiated ? GRADIENT_BYTES : LOSSES_BYTES;
  const rows = sliceRows(elements(targets.shape), tokenTable, dtype, bytes);
  const workspace = partition({ logits: bytesOf(rows * stride, dtype), table: tableBytes(x, tokenTable) });
  return { ...workspace, x, tokenTable, dtype, stride, rows };
}

function workspace(node: Node, isDifferentiated: boolean) {
  const { bytes, offsets, stride, dtype } = partsOf(node, isDifferentiated);
  return { bytes, sizes: { stride, tableOffset: offsets.table / BYTES_PER_ELEMENT[dtype] } };
}

export const crossEntropy: CudaOperation = {
  workspace: (node) => workspace(node, false),
  steps: (node, active) => {
    const { offsets, x, tokenTable, dtype, stride, rows } = partsOf(node, false);
    const table = tableFor(x, tokenTable, offsets.table);
    const slices = slicesOf(rowsOf(active), rows).flatMap((slice): Step[] => [
      logitsProduct(slice.rows, matrix(x, { row: slice.first }), table, scratch(offsets.logits, dtype, stride)),
      launch('cross_entropy', [slice.rows], rowThreads(tokenTable), {
        sizes: { firstRow: slice.first },
        traffic: bytesOf(slice.rows * stride, dtype),
      }),
    ]);
    return [...convertTable('cross_entropy_convert', x, tokenTable, { sizes: { firstRow: 0 } }), ...slices];
  },
};

/** Columns that a product of bf16 reads at once: an extent that they do not divide slows all of it down. */
const WHOLE = 8;

/** gradient [V, C] += logitsᵀ · x, where the tokens that are left over from whole vectors are a product of their own. */
function tableGradientProducts(logits: Matrix, x: Matrix, gradient: Matrix, rows: number, V: number): Product[] {
  const whole = V - (V % WHOLE);
  const part = (first: number, m: number): Product => ({
    kind: 'product',
    m,
    n: gradient.stride,
    k: rows,
    a: moved({ ...logits, transposed: true }, first),
    b: x,
    d: moved(gradient, first * gradient.stride),
    accumulate: true,
  });
  return [part(0, whole), part(whole, V - whole)].filter(({ m }) => m > 0);
}

/** A matrix that begins `count` elements further. */
function moved(matrix: Matrix, count: number): Matrix {
  const { place, dtype } = matrix;
  return { ...matrix, place: { ...place, byteOffset: (place.byteOffset ?? 0) + count * BYTES_PER_ELEMENT[dtype] } };
}

export const crossEntropyWithGradient: CudaOperation = {
  workspace: (node) => workspace(node, true),
  steps: (node, active) => {
    const { offsets, x, tokenTable, dtype, stride, rows } = partsOf(node, true);
    const table = tableFor(x, tokenTable, offsets.table);
    const logits = scratch(offsets.logits, dtype, stride);
    const slices = slicesOf(rowsOf(active), rows).flatMap(({ first, rows }): Step[] => [
      logitsProduct(rows, matrix(x, { row: first }), table, logits),
      launch('cross_entropy_with_gradient', [rows], rowThreads(tokenTable), {
        sizes: { firstRow: first },
        traffic: 2 * bytesOf(rows * stride, dtype),
      }),
      {
        kind: 'product',
        m: rows,
        n: extent(x, -1),
        k: table.rows,
        a: logits,
        b: table.table,
        d: matrix(output(node, 1), { row: first }),
      },
      ...tableGradientProducts(logits, matrix(x, { row: first }), matrix(updated(node)), rows, extent(tokenTable, 0)),
    ]);
    const converted = convertTable('cross_entropy_with_gradient_convert', x, tokenTable, { sizes: { firstRow: 0 } });
    return [...converted, ...slices];
  },
};
