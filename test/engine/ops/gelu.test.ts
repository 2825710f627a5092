import type { Graph } from '#minillm/engine/graph.js';
import { gelu } from '#minillm/engine/ops/gelu.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import type { Extents } from '../op-harness.ts';
import * as reference from '../reference/gelu.ts';
import { activations } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly C: number;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, C: 8 },
  { compiled: { batch: 1, length: 7 }, C: 40 },
  { compiled: { batch: 4, length: 64 }, active: { batch: 2, length: 50 }, C: 264 },
];

function geluTest({ compiled, active = compiled, C }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, C ${C}`,
    make: (precision) => {
      // wide enough that tanh saturates, narrow enough that it also meets its series near 0
      const x = activations(precision, rows * C, 'x', 3).map((value, index) =>
        index % 3 === 0 ? value * 2 ** -10 : value,
      );
      const trace = (graph: Graph) => ({
        y: gelu(graph.input('x', [graph.batch, graph.length, C], graph.activationType)),
      });
      return {
        op: { compiled, active, trace, values: { x } },
        expected: () => ({ outputs: { y: reference.gelu(x) } }),
      };
    },
  };
}

describeOp(SHAPES.map(geluTest));
