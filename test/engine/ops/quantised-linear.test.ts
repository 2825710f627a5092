import { describe, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { quantisedWeight, quantiseWeight } from '#minillm/engine/ops/quantise-weight.js';
import { quantisedLinear } from '#minillm/engine/ops/quantised-linear.js';
import { expectSameBits } from '../comparison.ts';
import { describeOp, type OpTest } from '../describe-op.ts';
import { cpuDevices } from '../devices.ts';
import { type Extents, runOp } from '../op-harness.ts';
import * as reference from '../reference/linear.ts';
import { quantised } from '../reference/quantise.ts';
import { activations, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly K: number;
  readonly M: number;
  readonly gelu?: boolean;
}

const SHAPES: readonly Shape[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((batch) => ({
    compiled: { batch, length: 1 },
    K: 104,
    M: 72,
    gelu: batch % 2 === 0,
  })),
  { compiled: { batch: 1, length: 1 }, K: 8, M: 8 },
  { compiled: { batch: 2, length: 4 }, active: { batch: 1, length: 3 }, K: 64, M: 200, gelu: true },
  // programs of many rows
  { compiled: { batch: 2, length: 5 }, active: { batch: 1, length: 3 }, K: 64, M: 200, gelu: true },
  { compiled: { batch: 19, length: 1 }, K: 40, M: 96 },
  { compiled: { batch: 1, length: 140 }, K: 1608, M: 72 },
  { compiled: { batch: 3, length: 9 }, K: 8, M: 8, gelu: true },
  // sums that go in pieces
  { compiled: { batch: 1, length: 9 }, K: 6160, M: 40 },
];

function quantisedLinearTest({ compiled, active = compiled, K, M, gelu = false }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, ${K} → ${M}${gelu ? ' with GELU' : ''}`,
    make: (precision) => {
      const values = {
        x: activations(precision, rows * K, 'x'),
        // columns of different sizes, the second all zeros
        w: normal(K * M, 'w', 1 / Math.sqrt(K)).map((value, index) => (index % M === 1 ? 0 : value * 2 ** (index % 5))),
        b: normal(M, 'b'),
      };
      const trace = (graph: Graph) => {
        const x = graph.input('x', [graph.batch, graph.length, K], graph.activationType);
        quantiseWeight(graph.parameter('w', [K, M]), 'w', { transposed: false });
        return { y: quantisedLinear(x, quantisedWeight(graph, 'w', K, M), graph.parameter('b', [M]), { gelu }) };
      };
      const y = gelu ? reference.linearGelu : reference.linear;
      const read = { ...values, w: quantised(values.w, M, { transposed: false }) };
      return { op: { compiled, active, trace, values }, expected: () => ({ outputs: { y: y(read) } }) };
    },
  };
}

describeOp(SHAPES.map(quantisedLinearTest), cpuDevices);

describe.each(cpuDevices)('$name', (device) => {
  test.each([8, 50])('a row has the same bits alone and among others, of at most %i', async (batch) => {
    const [K, M] = [200, 72];
    const compiled = { batch, length: 1 };
    const { op } = quantisedLinearTest({ compiled, K, M }).make(device.precision);
    const together = (await runOp(device, op)).outputs.y ?? new Float64Array();
    for (const row of [0, 3, batch - 1]) {
      const x = op.values.x?.slice(row * K, (row + 1) * K) ?? new Float64Array();
      const alone = await runOp(device, { ...op, active: { batch: 1, length: 1 }, values: { ...op.values, x } });
      expectSameBits(alone.outputs.y, together.slice(row * M, (row + 1) * M), `row ${row}`);
    }
  });
});
