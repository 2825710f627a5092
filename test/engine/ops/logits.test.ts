import { describe, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { logits } from '#minillm/engine/ops/logits.js';
import { expectSameBits } from '../comparison.ts';
import { describeOp, type OpTest } from '../describe-op.ts';
import { devices, type Precision } from '../devices.ts';
import { type Extents, runOp } from '../op-harness.ts';
import * as reference from '../reference/logits.ts';
import { activations, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly C: number;
  readonly V: number;
  /** Indices into the active rows, one per active batch row. */
  readonly rows: readonly number[];
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, C: 8, V: 500, rows: [0] },
  { compiled: { batch: 3, length: 1 }, C: 40, V: 777, rows: [0, 1, 2] },
  { compiled: { batch: 2, length: 25 }, C: 96, V: 1000, rows: [49, 3] },
  { compiled: { batch: 8, length: 4 }, active: { batch: 7, length: 2 }, C: 64, V: 77, rows: [1, 3, 5, 7, 9, 11, 0] },
];

function logitsTest(shape: Shape): OpTest {
  const { compiled, active = compiled, C, V, rows } = shape;
  return {
    title: `${rows.length} of ${active.batch * active.length} rows, C ${C}, V ${V}`,
    make: (precision) => {
      const values = {
        x: activations(precision, active.batch * active.length * C, 'x'),
        wte: normal(V * C, 'wte', 1 / Math.sqrt(C)),
        rows: Float64Array.from(rows),
      };
      const trace = (graph: Graph) => ({
        logits: logits(
          graph.input('x', [graph.batch, graph.length, C], graph.activationType),
          graph.parameter('wte', [V, C]),
          graph.input('rows', [graph.batch], 'int32'),
        ),
      });
      return {
        op: { compiled, active, trace, values },
        expected: () => ({ outputs: { logits: reference.logits(values.x, values.wte, values.rows, C) } }),
      };
    },
  };
}

describeOp(SHAPES.map(logitsTest));

describe.each(devices)('$name', (device) => {
  test('a row has the same bits alone and beside six others', async () => {
    const extents = { compiled: { batch: 7, length: 1 }, C: 40, V: 77 };
    const logitsOf = async (rows: readonly number[]): Promise<Float64Array> => {
      const { op } = logitsTest({ ...extents, active: { batch: rows.length, length: 1 }, rows }).make(device.precision);
      const x = rowsOfX(device.precision, rows, extents.C);
      const order = Float64Array.from(rows, (_, index) => index);
      const { outputs } = await runOp(device, { ...op, values: { ...op.values, x, rows: order } });
      return outputs.logits ?? new Float64Array();
    };
    const together = await logitsOf([0, 1, 2, 3, 4, 5, 6]);
    for (const row of [0, 3, 6])
      expectSameBits(await logitsOf([row]), together.slice(row * extents.V, (row + 1) * extents.V), `row ${row}`);
  });
});

/** The rows of one matrix that are named. */
function rowsOfX(precision: Precision, rows: readonly number[], C: number): Float64Array {
  const all = activations(precision, 7 * C, 'x');
  return Float64Array.from(rows.flatMap((row) => [...all.subarray(row * C, (row + 1) * C)]));
}
