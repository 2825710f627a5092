import type { Graph } from '#minillm/engine/graph.js';
import { newtonSchulzStep } from '#minillm/engine/ops/newton-schulz-step.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import type { Parts } from '../matrix-parts.ts';
import * as reference from '../reference/newton-schulz.ts';
import { concatenate, normal } from '../values.ts';

const COEFFICIENTS = { a: 4, b: -2.8, c: 0.5 };

const SHAPES: readonly Parts[] = [
  { parts: 1, rows: 8, columns: 8 },
  { parts: 3, rows: 24, columns: 24 },
  { parts: 1, rows: 16, columns: 64 },
  { parts: 2, rows: 200, columns: 40 },
  { parts: 1, rows: 8, columns: 3200 }, // sums that wait for the next piece of k
];

function stepTest({ parts, rows, columns }: Parts): OpTest {
  return {
    title: `${parts} of ${rows} × ${columns}`,
    make: () => {
      // singular values of about 1
      const std = 1 / (Math.sqrt(rows) + Math.sqrt(columns));
      const matrices = Array.from({ length: parts }, (_, part) => ({
        rows,
        columns,
        values: normal(rows * columns, `x ${part}`, std),
      }));
      const trace = (graph: Graph) => ({
        y: newtonSchulzStep(graph.input('x', [parts, rows, columns], 'float32'), COEFFICIENTS),
      });
      const x = concatenate(matrices.map(({ values }) => values));
      return {
        op: { compiled: { batch: 1, length: 1 }, trace, values: { x } },
        expected: () => ({
          outputs: {
            y: concatenate(matrices.map((matrix) => reference.newtonSchulzStep(matrix, COEFFICIENTS).values)),
          },
        }),
      };
    },
  };
}

describeOp(SHAPES.map(stepTest));
