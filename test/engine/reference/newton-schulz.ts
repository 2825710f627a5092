/** @file Matrices on their way to the nearest orthogonal one, in double. */

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

export function transpose({ rows, columns, values }: Matrix): Matrix {
  const turned = values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!);
  return { rows: columns, columns: rows, values: turned };
}

function multiply(a: Matrix, b: Matrix): Matrix {
  const values = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++)
      for (let j = 0; j < b.columns; j++)
        values[i * b.columns + j]! += a.values[i * a.columns + k]! * b.values[k * b.columns + j]!;
  return { rows: a.rows, columns: b.columns, values };
}

/** x / (safety·‖x‖). */
export function frobeniusNormalise(x: Matrix, safety: number): Matrix {
  const norm = Math.sqrt(x.values.reduce((sum, value) => sum + value ** 2, 0));
  return { ...x, values: x.values.map((value) => (norm > 0 ? value / (safety * norm) : 0)) };
}

/** a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x. */
export function newtonSchulzStep(
  x: Matrix,
  { a, b, c }: { readonly a: number; readonly b: number; readonly c: number },
): Matrix {
  const gram = multiply(x, transpose(x));
  const cubed = multiply(gram, x);
  const fifth = multiply(gram, cubed);
  const values = x.values.map((value, index) => a * value + b * cubed.values[index]! + c * fifth.values[index]!);
  return { ...x, values };
}
