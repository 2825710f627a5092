import { describe, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { quantisedWeight, quantiseWeight } from '#minillm/engine/ops/quantise-weight.js';
import { quantisedLogits } from '#minillm/engine/ops/quantised-logits.js';
import { expectSameBits } from '../comparison.ts';
import { describeOp, type OpTest } from '../describe-op.ts';
import { cpuDevices } from '../devices.ts';
import { type Extents, runOp } from '../op-harness.ts';
import * as reference from '../reference/logits.ts';
import { quantised } from '../reference/quantise.ts';
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
  { compiled: { batch: 8, length: 4 }, active: { batch: 7, length: 2 }, C: 64, V: 77, rows: [1, 3, 5, 7, 9, 11, 0] },
  { compiled: { batch: 10, length: 1 }, C: 24, V: 65, rows: [9, 8, 7, 6, 5, 4, 3, 2, 1, 0] },
];

function quantisedLogitsTest({ compiled, active = compiled, C, V, rows }: Shape): OpTest {
  return {
    title: `${rows.length} of ${active.batch * active.length} rows, C ${C}, V ${V}`,
    make: (precision) => {
      const values = {
        x: activations(precision, active.batch * active.length * C, 'x'),
        wte: normal(V * C, 'wte', 1 / Math.sqrt(C)),
        rows: Float64Array.from(rows),
      };
      const trace = (graph: Graph) => {
        quantiseWeight(graph.parameter('wte', [V, C]), 'wte', { transposed: true });
        const x = graph.input('x', [graph.batch, graph.length, C], graph.activationType);
        const rows_B = graph.input('rows', [graph.batch], 'int32');
        return { logits: quantisedLogits(x, quantisedWeight(graph, 'wte', C, V), rows_B) };
      };
      const logits = () => reference.logits(values.x, quantised(values.wte, V, { transposed: true }), values.rows, C);
      return { op: { compiled, active, trace, values }, expected: () => ({ outputs: { logits: logits() } }) };
    },
  };
}

describeOp(SHAPES.map(quantisedLogitsTest), cpuDevices);

describe.each(cpuDevices)('$name', (device) => {
  test('a row has the same bits alone and beside six others', async () => {
    const shape = { compiled: { batch: 7, length: 7 }, C: 40, V: 77 };
    const logitsOf = async (rows: readonly number[]): Promise<Float64Array | undefined> => {
      const active = { batch: rows.length, length: 1 };
      const { op } = quantisedLogitsTest({ ...shape, active, rows }).make(device.precision);
      const x = activations(device.precision, 7 * shape.C, 'x');
      return (await runOp(device, { ...op, values: { ...op.values, x } })).outputs.logits;
    };
    const together = (await logitsOf([0, 1, 2, 3, 4, 5, 6])) ?? new Float64Array();
    for (const row of [0, 3, 6])
      expectSameBits(await logitsOf([row]), together.slice(row * shape.V, (row + 1) * shape.V), `row ${row}`);
  });
});
