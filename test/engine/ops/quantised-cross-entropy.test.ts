import type { Graph } from '#minillm/engine/graph.js';
import { quantisedWeight, quantiseWeight } from '#minillm/engine/ops/quantise-weight.js';
import { quantisedCrossEntropy } from '#minillm/engine/ops/quantised-cross-entropy.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { cpuDevices } from '../devices.ts';
import type { Extents } from '../op-harness.ts';
import * as reference from '../reference/cross-entropy.ts';
import { quantised } from '../reference/quantise.ts';
import { activations, integers, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly C: number;
  readonly V: number;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, C: 8, V: 500 },
  { compiled: { batch: 1, length: 7 }, C: 96, V: 1000 },
  { compiled: { batch: 4, length: 32 }, active: { batch: 3, length: 17 }, C: 40, V: 77 },
  // more rows than logits exist for at once
  { compiled: { batch: 6, length: 100 }, C: 8, V: 77 },
];

function quantisedCrossEntropyTest({ compiled, active = compiled, C, V }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, C ${C}, V ${V}`,
    make: (precision) => {
      const values = {
        x: activations(precision, rows * C, 'x'),
        wte: normal(V * C, 'wte', 2 / Math.sqrt(C)),
        targets: integers(rows, 0, V, 'targets').map((target, row) => (row % 5 === 2 ? -1 : target)),
      };
      const trace = (graph: Graph) => {
        const { batch, length, activationType } = graph;
        quantiseWeight(graph.parameter('wte', [V, C]), 'wte', { transposed: true });
        const x = graph.input('x', [batch, length, C], activationType);
        const targets = graph.input('targets', [batch, length], 'int32');
        return { losses: quantisedCrossEntropy(x, quantisedWeight(graph, 'wte', C, V), targets) };
      };
      const read = { ...values, wte: quantised(values.wte, V, { transposed: true }) };
      return {
        op: { compiled, active, trace, values },
        expected: () => ({ outputs: { losses: reference.crossEntropy(read) } }),
      };
    },
  };
}

describeOp(SHAPES.map(quantisedCrossEntropyTest), cpuDevices);
