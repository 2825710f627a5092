/** @file The output head of evaluation on the GPU: chosen rows are gathered, a slice at a time. */

import type { Node } from '../../../engine/graph.ts';
import { input } from '../../../engine/operation.ts';
import { elements, extent } from '../../../engine/tensor.ts';
import type { CudaOperation, Step } from '../operation.ts';
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
import { bytesOf, launch, partition, scratch, threadsFor } from './steps.ts';

/** The most bytes of logits at once: for GPT-2 1024 rows. */
const LOGITS_BYTES = 1 << 28;

function partsOf(node: Node) {
  const [x, tokenTable, chosen] = [input(node), input(node, 1), input(node, 2)];
  const stride = logitsStride(tokenTable);
  const rows = sliceRows(elements(chosen.shape), tokenTable, 'float32', LOGITS_BYTES);
  const workspace = partition({
    logits: bytesOf(rows * stride, 'float32'),
    gathered: bytesOf(rows * extent(x, -1), x.dtype),
    table: tableBytes(x, tokenTable),
  });
  return { ...workspace, x, tokenTable, stride, rows, chosen: elements(chosen.shape) };
}

export const logLikelihoods: CudaOperation = {
  workspace: (node) => {
    const { bytes, offsets, stride } = partsOf(node);
    const float = bytesOf(1, 'float32');
    return { bytes, sizes: { stride, gatheredOffset: offsets.gathered / float, tableOffset: offsets.table / float } };
  },
  steps: (node) => {
    const { offsets, x, tokenTable, stride, rows, chosen } = partsOf(node);
    const C = extent(x, -1);
    const table = tableFor(x, tokenTable, offsets.table);
    const gathered = scratch(offsets.gathered, x.dtype, C);
    const slices = slicesOf(chosen, rows).flatMap((slice): Step[] => {
      const rest = { sizes: { firstRow: slice.first } };
      return [
        launch('log_likelihoods_gather', [slice.rows], threadsFor(C), {
          ...rest,
          traffic: 2 * bytesOf(slice.rows * C, x.dtype),
        }),
        logitsProduct(slice.rows, gathered, table, scratch(offsets.logits, 'float32', stride)),
        launch('log_likelihoods', [slice.rows], rowThreads(tokenTable), {
          ...rest,
          traffic: bytesOf(slice.rows * stride, 'float32'),
        }),
      ];
    });
    return [...convertTable('log_likelihoods_convert', x, tokenTable, { sizes: { firstRow: 0 } }), ...slices];
  },
};
