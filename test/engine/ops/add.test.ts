import type { Graph } from '#minillm/engine/graph.js';
import { add } from '#minillm/engine/ops/add.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { backpropagate, type Extents } from '../op-harness.ts';
import * as reference from '../reference/add.ts';
import { normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly C: number;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, C: 8 },
  { compiled: { batch: 1, length: 3 }, C: 40 },
  { compiled: { batch: 4, length: 64 }, active: { batch: 2, length: 25 }, C: 96 },
];

function addTest({ compiled, active = compiled, C }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, C ${C}`,
    make: () => {
      const values = { a: normal(rows * C, 'a'), b: normal(rows * C, 'b'), dout: normal(rows * C, 'dout') };
      const trace = (graph: Graph) => {
        const stream = (name: string) => graph.input(name, [graph.batch, graph.length, C], 'float32');
        const out = add(stream('a'), stream('b'));
        const [da, db] = backpropagate(graph, [stream('dout')]);
        return { out, da, db };
      };
      return {
        op: { compiled, active, trace, values },
        expected: () => ({
          outputs: { out: reference.add(values.a, values.b) },
          inputGradients: { da: values.dout, db: values.dout },
        }),
      };
    },
  };
}

describeOp(SHAPES.map(addTest));
