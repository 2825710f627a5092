/** @file The pass over the gradient of a linear layer's output (linear_gradient.h), which three operations share. */

import { BYTES_PER_ELEMENT, type DType, extent, type Tensor } from '../../../engine/tensor.ts';
import type { Launch } from '../operation.ts';
import { bytesOf, ceilDivide, launch, MAX_THREADS, THREADS, WARP } from './steps.ts';

/** Rows of a block: enough that the sums of all blocks are little to read. */
export const GRADIENT_ROWS = 256;
/** Columns of a block. */
const COLUMNS = 256;

/** Bytes of the column sums of all blocks. */
export const gradientPartialBytes = (rows: number, columns: number): number =>
  bytesOf(ceilDivide(rows, GRADIENT_ROWS) * columns, 'float32');

/** @param made the type of what is written of it; undefined where nothing but sums is */
export function gradientLaunch(
  name: string,
  rows: number,
  gradient: Tensor,
  preactivation: Tensor | undefined,
  made: DType | undefined,
): Launch {
  const columns = extent(gradient, -1);
  const types = [gradient.dtype, preactivation?.dtype, made];
  const bytes = types.reduce((sum, type) => sum + (type ? BYTES_PER_ELEMENT[type] : 0), 0);
  const grid = [ceilDivide(columns, COLUMNS), ceilDivide(rows, GRADIENT_ROWS)] as const;
  return launch(name, grid, THREADS, { traffic: bytes * rows * columns });
}

/** Adds up what the blocks left. */
export function sumsLaunch(name: string, rows: number, columns: number): Launch {
  const traffic = gradientPartialBytes(rows, columns);
  return launch(name, [ceilDivide(columns, WARP)], MAX_THREADS, { traffic });
}
