import type { Graph } from '#minillm/engine/graph.js';
import { gradientNorm } from '#minillm/engine/ops/gradient-norm.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { norm } from '../reference/norm.ts';
import { normal } from '../values.ts';

/** One below, at and above the stretch whose squares are summed together, and several of them. */
const COUNTS = [1, 7, 1000, 65_535, 65_536, 65_537, 200_000];

function gradientNormTest(count: number): OpTest {
  return {
    title: `${count} elements`,
    make: () => {
      const values = { gradients: normal(count, 'gradients', 1e-3) };
      const trace = (graph: Graph) => ({ norm: gradientNorm(graph.parameter('gradients', [count])) });
      return {
        op: { compiled: { batch: 1, length: 1 }, trace, values },
        expected: () => ({ outputs: { norm: Float64Array.of(norm(values.gradients)) } }),
      };
    },
  };
}

describeOp(COUNTS.map(gradientNormTest));
