/** @file The pass over the gradient of a linear layer's output (linear_gradient.h), which three operations share. */

import type { Launch } from '../operation.ts';
import { bytesOf, ceilDivide, launch, MAX_THREADS, THREADS, WARP } from './steps.ts';

/** Rows of a block: enough that the sums of all blocks are little to read. */
export const GRADIENT_ROWS = 256;
/** Columns of a block. */
const COLUMNS = 256;

/** Bytes of the column sums of all blocks. */
export const gradientPartialBytes = (rows: number, columns: number): number =>
  bytesOf(ceilDivide(rows, GRADIENT_ROWS) * columns, 'float32');

export const gradientLaunch = (name: string, rows: number, columns: number): Launch =>
  launch(name, [ceilDivide(columns, COLUMNS), ceilDivide(rows, GRADIENT_ROWS)], THREADS);

/** Adds up what the blocks left. */
export const sumsLaunch = (name: string, columns: number): Launch =>
  launch(name, [ceilDivide(columns, WARP)], MAX_THREADS);
