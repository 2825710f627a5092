import type { Graph } from '#minillm/engine/graph.js';
import { packedWeight, packWeight } from '#minillm/engine/ops/pack-weight.js';
import { packedLinear } from '#minillm/engine/ops/packed-linear.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import type { Extents } from '../op-harness.ts';
import * as reference from '../reference/linear.ts';
import { activations, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly K: number;
  readonly M: number;
  readonly gelu?: boolean;
}

const SHAPES: readonly Shape[] = [
  ...[1, 2, 3, 4, 5, 7, 8].map((batch) => ({ compiled: { batch, length: 1 }, K: 104, M: 72, gelu: batch % 2 === 0 })),
  { compiled: { batch: 1, length: 1 }, K: 8, M: 8 },
  { compiled: { batch: 2, length: 5 }, active: { batch: 1, length: 3 }, K: 64, M: 200, gelu: true },
  { compiled: { batch: 19, length: 1 }, K: 40, M: 96 },
];

function packedLinearTest({ compiled, active = compiled, K, M, gelu = false }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, ${K} → ${M}${gelu ? ' with GELU' : ''}`,
    make: (precision) => {
      const values = {
        x: activations(precision, rows * K, 'x'),
        // bfloat16 in either precision: that is what a packed weight holds
        w: activations('bf16', K * M, 'w', 1 / Math.sqrt(K)),
        b: normal(M, 'b'),
      };
      const trace = (graph: Graph) => {
        const x = graph.input('x', [graph.batch, graph.length, K], graph.activationType);
        packWeight(graph.parameter('w', [K, M]), 'w', { transposed: false });
        return { y: packedLinear(x, packedWeight(graph, 'w', K, M), graph.parameter('b', [M]), { gelu }) };
      };
      const y = gelu ? reference.linearGelu : reference.linear;
      return { op: { compiled, active, trace, values }, expected: () => ({ outputs: { y: y(values) } }) };
    },
  };
}

describeOp(SHAPES.map(packedLinearTest));
