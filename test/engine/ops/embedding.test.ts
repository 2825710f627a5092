import type { Graph } from '#minillm/engine/graph.js';
import { embedding } from '#minillm/engine/ops/embedding.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { backpropagate, type Extents } from '../op-harness.ts';
import * as reference from '../reference/embedding.ts';
import { integers, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly V: number;
  readonly C: number;
  /** Whether positions are an input; they are 0, 1, … along each row otherwise. */
  readonly positions?: boolean;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, V: 5, C: 8 },
  { compiled: { batch: 1, length: 3 }, V: 777, C: 40, positions: true },
  { compiled: { batch: 1, length: 7 }, V: 3, C: 96 },
  { compiled: { batch: 2, length: 25 }, V: 500, C: 64 },
  { compiled: { batch: 4, length: 32 }, active: { batch: 2, length: 25 }, V: 7, C: 200 },
  { compiled: { batch: 4, length: 32 }, active: { batch: 3, length: 17 }, V: 50, C: 40, positions: true },
  // many rows of each token, so that sums of them are put together from parts
  { compiled: { batch: 7, length: 37 }, V: 300, C: 8 },
  { compiled: { batch: 70, length: 37 }, V: 3, C: 8 },
  { compiled: { batch: 70, length: 37 }, V: 300, C: 8, positions: true },
];

const P = 40;

function embeddingTest({ compiled, active = compiled, V, C, positions = false }: Shape): OpTest {
  const rows = active.batch * active.length;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, V ${V}, C ${C}${positions ? ', given positions' : ''}`,
    make: () => {
      const indices = {
        tokens: integers(rows, 0, V, 'tokens'),
        positions: positions
          ? integers(rows, 0, P, 'positions')
          : Float64Array.from({ length: rows }, (_, row) => row % active.length),
      };
      const values = { ...indices, wte: normal(V * C, 'wte'), wpe: normal(P * C, 'wpe'), dx: normal(rows * C, 'dx') };
      const trace = (graph: Graph) => {
        const extents = [graph.batch, graph.length];
        const x = embedding(
          graph.input('tokens', extents, 'int32'),
          { tokens_VC: graph.parameter('wte', [V, C]), positions_PC: graph.parameter('wpe', [P, C]) },
          positions ? graph.input('positions', extents, 'int32') : undefined,
        );
        backpropagate(graph, [graph.input('dx', [...extents, C], 'float32')]);
        return { x };
      };
      return {
        op: { compiled, active, trace, values },
        expected: () => {
          const { dwte, dwpe } = reference.embeddingBackward(indices, values.dx, { V, P, C });
          const x = reference.embedding(indices, values.wte, values.wpe, C);
          return { outputs: { x }, parameterGradients: { wte: dwte, wpe: dwpe } };
        },
      };
    },
  };
}

describeOp(SHAPES.map(embeddingTest));
