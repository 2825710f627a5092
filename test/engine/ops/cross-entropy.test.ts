import type { Graph } from '#minillm/engine/graph.js';
import { crossEntropy } from '#minillm/engine/ops/cross-entropy.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { differentiateLosses, type Extents } from '../op-harness.ts';
import * as reference from '../reference/cross-entropy.ts';
import { activations, integers, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly C: number;
  readonly V: number;
  /** Whether some targets are −1: rows that do not count. */
  readonly ignore?: boolean;
  /** Losses alone, as evaluation has them, without the pass that also makes gradients. */
  readonly evaluation?: boolean;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, C: 8, V: 500 },
  { compiled: { batch: 1, length: 3 }, C: 40, V: 777 },
  { compiled: { batch: 1, length: 7 }, C: 96, V: 1000 },
  { compiled: { batch: 2, length: 25 }, C: 64, V: 777, ignore: true },
  { compiled: { batch: 4, length: 32 }, active: { batch: 3, length: 17 }, C: 40, V: 77, ignore: true },
  // more rows than logits exist for at once
  { compiled: { batch: 3, length: 100 }, C: 8, V: 77, ignore: true },
];

const SCALE = Math.fround(1 / 300);

function drawTargets(rows: number, V: number, ignore: boolean): Float64Array {
  return integers(rows, 0, V, 'targets').map((target, row) => (ignore && row % 5 === 2 ? -1 : target));
}

function crossEntropyTest({ compiled, active = compiled, C, V, ignore = false, evaluation = false }: Shape): OpTest {
  const rows = active.batch * active.length;
  const kind = evaluation ? 'losses alone' : 'losses and gradients';
  return {
    title: `${kind}, ${rows} rows of ${compiled.batch * compiled.length}, C ${C}, V ${V}${ignore ? ', some ignored' : ''}`,
    make: (precision) => {
      const inputs = {
        x: activations(precision, rows * C, 'x'),
        wte: normal(V * C, 'wte', 2 / Math.sqrt(C)),
        targets: drawTargets(rows, V, ignore),
      };
      const trace = (graph: Graph) => {
        const { batch, length, activationType } = graph;
        const losses = crossEntropy(
          graph.input('x', [batch, length, C], activationType),
          graph.parameter('wte', [V, C]),
          graph.input('targets', [batch, length], 'int32'),
        );
        if (evaluation) return { losses };
        const differentiated = differentiateLosses(graph, graph.input('scale', [], 'float32'));
        return { losses: differentiated.losses, dx: differentiated.inputGradients[0] };
      };
      const scale: Record<string, Float64Array> = evaluation ? {} : { scale: Float64Array.of(SCALE) };
      return {
        op: { compiled, active, trace, values: { ...inputs, ...scale } },
        expected: () => {
          const outputs = { losses: reference.crossEntropy(inputs) };
          if (evaluation) return { outputs };
          const { dx, dwte } = reference.crossEntropyBackward(inputs, SCALE);
          return { outputs, inputGradients: { dx }, parameterGradients: { wte: dwte } };
        },
      };
    },
  };
}

describeOp(SHAPES.flatMap((shape) => [shape, { ...shape, evaluation: true }]).map(crossEntropyTest));
