/** @file What the forms of the output head share: slices of rows whose logits exist at once, and the token table. */

import { BYTES_PER_ELEMENT, type DType, extent, type Tensor } from '../../../engine/tensor.ts';
import type { Launch, Matrix, Product } from '../operation.ts';
import { convert } from './elementwise.ts';
import { alignUp, bytesOf, isBfloat16, matrix, scratch, threadsFor } from './steps.ts';

/** Rows of logits, and the rows of the copied table, are padded to a multiple of this. */
const PADDING = 64;
/** Logits that a thread reads at once (cross_entropy.h). */
const LOGITS_WIDTH = 8;

/** Elements from one row of logits to the next: 50304 for GPT-2. */
export const logitsStride = (tokenTable: Tensor): number => alignUp(extent(tokenTable, 0), PADDING);

/** Bytes of the copy of the token table that products of bf16 read; none in fp32. */
export const tableBytes = (x: Tensor, tokenTable: Tensor): number =>
  isBfloat16(x) ? bytesOf(logitsStride(tokenTable) * extent(tokenTable, 1), 'bfloat16') : 0;

/** The launch that makes the copy, zeros behind its last token. */
export function convertTable(name: string, x: Tensor, tokenTable: Tensor, rest: Partial<Launch>): Launch[] {
  if (!isBfloat16(x)) return [];
  return [convert(name, logitsStride(tokenTable) * extent(tokenTable, 1), rest)];
}

/** The table [V, C] as products read it, and its rows: in bf16 the copy's, padded. */
export function tableFor(x: Tensor, tokenTable: Tensor, byteOffset: number): { table: Matrix; rows: number } {
  if (!isBfloat16(x)) return { table: matrix(tokenTable), rows: extent(tokenTable, 0) };
  const table = scratch(byteOffset, 'bfloat16', extent(tokenTable, 1));
  return { table, rows: logitsStride(tokenTable) };
}

/** logits = x · tableᵀ */
export function logitsProduct(
  rows: number,
  a: Matrix,
  { table, rows: n }: ReturnType<typeof tableFor>,
  logits: Matrix,
): Product {
  return { kind: 'product', m: rows, n, k: table.stride, a, b: { ...table, transposed: true }, d: logits };
}

/** Threads of the block that takes a row of logits. */
export const rowThreads = (tokenTable: Tensor): number => threadsFor(Math.ceil(extent(tokenTable, 0) / LOGITS_WIDTH));

/** `count` rows in slices of at most `size`. */
export function slicesOf(count: number, size: number): { readonly first: number; readonly rows: number }[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const first = index * size;
    return { first, rows: Math.min(size, count - first) };
  });
}

/** Rows of a slice: of at most `bytes` bytes of logits, but no more than `rows` there are. */
export function sliceRows(rows: number, tokenTable: Tensor, dtype: DType, bytes: number): number {
  const fit = bytes / (logitsStride(tokenTable) * BYTES_PER_ELEMENT[dtype]);
  return Math.min(rows, Math.max(PADDING, 2 ** Math.floor(Math.log2(fit))));
}
