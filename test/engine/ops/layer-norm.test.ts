import type { Graph } from '#minillm/engine/graph.js';
import { add } from '#minillm/engine/ops/add.js';
import { layerNorm } from '#minillm/engine/ops/layer-norm.js';
import { fuseResidualAdds } from '#minillm/engine/passes/fuse-residual.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { backpropagate, type Extents } from '../op-harness.ts';
import * as reference from '../reference/layer-norm.ts';
import { activations, normal } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly C: number;
  /** Whether a branch joins the stream in front of the norm. */
  readonly branch?: boolean;
  /** Whether later readers of the stream send a gradient too. */
  readonly streamGradient?: boolean;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, C: 8 },
  { compiled: { batch: 1, length: 3 }, C: 40, branch: true },
  { compiled: { batch: 1, length: 7 }, C: 96, branch: true, streamGradient: true },
  { compiled: { batch: 2, length: 25 }, C: 64 },
  { compiled: { batch: 2, length: 25 }, C: 40, branch: true, streamGradient: true },
  { compiled: { batch: 4, length: 32 }, active: { batch: 3, length: 17 }, C: 200, branch: true, streamGradient: true },
  { compiled: { batch: 4, length: 32 }, active: { batch: 1, length: 7 }, C: 8, branch: true },
  { compiled: { batch: 5, length: 300 }, C: 8, branch: true, streamGradient: true },
  { compiled: { batch: 1, length: 3 }, C: 2056, streamGradient: true },
];

const EPSILON = 1e-5;

function layerNormTest({ compiled, active = compiled, C, branch = false, streamGradient = false }: Shape): OpTest {
  const rows = active.batch * active.length;
  const parts = `${branch ? ', branch' : ''}${streamGradient ? ', stream gradient' : ''}`;
  return {
    title: `${rows} rows of ${compiled.batch * compiled.length}, C ${C}${parts}`,
    make: (precision) => {
      const inputs = {
        // a mean far from 0: the variance must not be the difference of two large numbers
        x: normal(rows * C, 'x').map((value) => Math.fround(value + 4)),
        ...(branch && { branch: activations(precision, rows * C, 'branch') }),
        weight: normal(C, 'weight'),
        bias: normal(C, 'bias'),
      };
      const dnormed = activations(precision, rows * C, 'dnormed');
      const dstream = streamGradient ? normal(rows * C, 'dstream') : undefined;
      const trace = (graph: Graph) => {
        const shape = [graph.batch, graph.length, C];
        const x = graph.input('x', shape, 'float32');
        const stream = branch ? add(x, graph.input('branch', shape, graph.activationType)) : x;
        const [weight, bias] = [graph.parameter('weight', [C]), graph.parameter('bias', [C])];
        const normed = layerNorm(stream, { weight, bias, epsilon: EPSILON });
        fuseResidualAdds(graph);
        const streamGradientInput = streamGradient ? graph.input('dstream', shape, 'float32') : undefined;
        const normedGradient = graph.input('dnormed', shape, graph.activationType);
        const [dx, dbranch] = backpropagate(graph, [normedGradient, undefined, undefined, streamGradientInput]);
        return branch ? { normed, stream, dx, dbranch } : { normed, dx };
      };
      return {
        op: { compiled, active, trace, values: { ...inputs, dnormed, ...(dstream && { dstream }) } },
        expected: () => {
          const { dx, dweight, dbias } = reference.layerNormBackward(inputs, dnormed, dstream, EPSILON);
          const { normed, stream } = reference.layerNorm(inputs, EPSILON);
          return {
            outputs: branch ? { normed, stream } : { normed },
            inputGradients: branch ? { dx, dbranch: dx } : { dx },
            parameterGradients: { weight: dweight, bias: dbias },
          };
        },
      };
    },
  };
}

describeOp(SHAPES.map(layerNormTest));
