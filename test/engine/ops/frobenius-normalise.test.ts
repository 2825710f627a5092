import type { Graph } from '#minillm/engine/graph.js';
import { frobeniusNormalise } from '#minillm/engine/ops/frobenius-normalise.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import * as reference from '../reference/newton-schulz.ts';
import { concatenate, normal } from '../values.ts';

const SAFETY = 1.02;

/** Below, at and above the stretch whose squares are summed together; numbers whose squares, or the scale, no float32 holds. */
const MATRICES = [
  { parts: 1, rows: 1, columns: 7, std: 1 },
  { parts: 3, rows: 24, columns: 40, std: 1e-3 },
  { parts: 1, rows: 256, columns: 256, std: 1e-3 },
  { parts: 2, rows: 257, columns: 300, std: 1e-30 },
  { parts: 1, rows: 8, columns: 8, std: 1e-42 },
  { parts: 1, rows: 8, columns: 8, std: 0 },
];

function normaliseTest({ parts, rows, columns, std }: (typeof MATRICES)[number]): OpTest {
  return {
    title: `${parts} of ${rows} × ${columns}, about ${std}`,
    make: () => {
      const matrices = Array.from({ length: parts }, (_, part) => ({
        rows,
        columns,
        values: normal(rows * columns, `x ${part}`, std),
      }));
      const trace = (graph: Graph) => ({
        y: frobeniusNormalise(graph.input('x', [parts, rows, columns], 'float32'), SAFETY),
      });
      const x = concatenate(matrices.map(({ values }) => values));
      return {
        op: { compiled: { batch: 1, length: 1 }, trace, values: { x } },
        expected: () => ({
          outputs: { y: concatenate(matrices.map((matrix) => reference.frobeniusNormalise(matrix, SAFETY).values)) },
        }),
      };
    },
  };
}

describeOp(MATRICES.map(normaliseTest));
