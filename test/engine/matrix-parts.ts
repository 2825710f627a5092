/** @file A weight [rows, parts·columns] as the matrices that stand side by side in it. */

import type { Matrix } from './reference/newton-schulz.ts';

export interface Parts {
  readonly parts: number;
  readonly rows: number;
  readonly columns: number;
}

/** The matrices of a weight. */
export function splitColumns(weight: Float64Array, { parts, rows, columns }: Parts): Matrix[] {
  return Array.from({ length: parts }, (_, part) => {
    const values = Float64Array.from(
      { length: rows * columns },
      (_, index) => weight[(Math.floor(index / columns) * parts + part) * columns + (index % columns)]!,
    );
    return { rows, columns, values };
  });
}

/** The weight of some matrices. */
export function joinColumns(matrices: readonly Matrix[]): Float64Array {
  const [{ rows, columns } = { rows: 0, columns: 0 }] = matrices;
  const parts = matrices.length;
  return Float64Array.from({ length: rows * parts * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / (parts * columns)), index % (parts * columns)];
    return matrices[Math.floor(column / columns)]!.values[row * columns + (column % columns)]!;
  });
}
