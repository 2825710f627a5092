import type { Graph } from '#minillm/engine/graph.js';
import { linear } from '#minillm/engine/ops/linear.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { backpropagate, type Extents } from '../op-harness.ts';
import * as reference from '../reference/linear.ts';
import { activations, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly K: number;
  readonly M: number;
  readonly gelu?: boolean;
  /** Type of the incoming gradient: that of the residual stream, or of activations inside a block. */
  readonly gradient?: 'float32' | 'activation';
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, K: 8, M: 8 },
  { compiled: { batch: 1, length: 3 }, K: 40, M: 96, gelu: true },
  { compiled: { batch: 1, length: 7 }, K: 64, M: 40, gradient: 'activation' },
  { compiled: { batch: 2, length: 4 }, K: 96, M: 136, gelu: true, gradient: 'activation' },
  { compiled: { batch: 3, length: 3 }, K: 40, M: 8, gelu: true },
  { compiled: { batch: 2, length: 25 }, K: 96, M: 288 },
  { compiled: { batch: 2, length: 25 }, K: 64, M: 40, gelu: true, gradient: 'activation' },
  { compiled: { batch: 5, length: 29 }, K: 264, M: 72, gelu: true },
  { compiled: { batch: 1, length: 33 }, K: 3200, M: 40 }, // sums that wait for the next piece of k
  { compiled: { batch: 1, length: 3100 }, K: 8, M: 40, gelu: true }, // and those of the weight's gradient
  { compiled: { batch: 4, length: 32 }, active: { batch: 3, length: 17 }, K: 40, M: 96, gelu: true },
  { compiled: { batch: 4, length: 8 }, active: { batch: 1, length: 7 }, K: 96, M: 64, gradient: 'activation' },
];

function linearTest({ compiled, active = compiled, K, M, gelu = false, gradient = 'float32' }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, ${K} → ${M}${gelu ? ' with GELU' : ''}, ${gradient} gradient`,
    make: (precision) => {
      const values = {
        x: activations(precision, rows * K, 'x'),
        w: normal(K * M, 'w', 1 / Math.sqrt(K)),
        b: normal(M, 'b'),
        dy: gradient === 'float32' ? normal(rows * M, 'dy') : activations(precision, rows * M, 'dy'),
      };
      const trace = (graph: Graph) => {
        const { batch, length, activationType } = graph;
        const x = graph.input('x', [batch, length, K], activationType);
        const y = linear(x, graph.parameter('w', [K, M]), graph.parameter('b', [M]), { gelu });
        const dy = graph.input('dy', [batch, length, M], gradient === 'float32' ? 'float32' : activationType);
        const [dx] = backpropagate(graph, [dy]);
        return { y, dx };
      };
      return {
        op: { compiled, active, trace, values },
        expected: () => {
          const { dx, dw, db } = (gelu ? reference.linearGeluBackward : reference.linearBackward)(values, values.dy);
          const y = (gelu ? reference.linearGelu : reference.linear)(values);
          return { outputs: { y }, inputGradients: { dx }, parameterGradients: { w: dw, b: db } };
        },
      };
    },
  };
}

describeOp(SHAPES.map(linearTest));
