import { expect, test } from 'vitest';
import { splitLinearBackward } from '#minillm/backends/cuda/passes/split-linear-backward.js';
import { Graph } from '#minillm/engine/graph.js';
import { linear } from '#minillm/engine/ops/linear.js';
import { describeOp, type OpTest } from '../../../engine/describe-op.ts';
import { cudaDevices } from '../../../engine/devices.ts';
import { backpropagate, type Extents } from '../../../engine/op-harness.ts';
import * as reference from '../../../engine/reference/linear.ts';
import { activations, normal } from '../../../engine/values.ts';

interface Layer {
  readonly gelu: boolean;
  /** Type of the gradient of the output. */
  readonly gradient: 'float32' | 'activation';
}

const LAYERS: readonly Layer[] = [
  { gelu: true, gradient: 'activation' },
  { gelu: false, gradient: 'activation' },
  { gelu: false, gradient: 'float32' },
];

const [K, M] = [40, 264];

function traceSplit(graph: Graph, { gelu, gradient }: Layer) {
  const { batch, length, activationType } = graph;
  const x = graph.input('x', [batch, length, K], activationType);
  const y = linear(x, graph.parameter('w', [K, M]), graph.parameter('b', [M]), { gelu });
  const type = gradient === 'float32' ? 'float32' : activationType;
  const [dx] = backpropagate(graph, [graph.input('dy', [batch, length, M], type)]);
  splitLinearBackward(graph);
  return { y, dx };
}

function splitTest(layer: Layer, { batch, length }: Extents): OpTest {
  const rows = batch * length;
  const { gelu, gradient } = layer;
  return {
    title: `a layer of ${rows} rows${gelu ? ' with GELU' : ''}, ${gradient} gradient, has the gradients it had`,
    make: (precision) => {
      const values = {
        x: activations(precision, rows * K, 'x'),
        w: normal(K * M, 'w', 1 / Math.sqrt(K)),
        b: normal(M, 'b'),
        dy: gradient === 'float32' ? normal(rows * M, 'dy') : activations(precision, rows * M, 'dy'),
      };
      return {
        op: { compiled: { batch, length }, trace: (graph) => traceSplit(graph, layer), values },
        expected: () => {
          const { dx, dw, db } = (gelu ? reference.linearGeluBackward : reference.linearBackward)(values, values.dy);
          const y = (gelu ? reference.linearGelu : reference.linear)(values);
          return { outputs: { y }, inputGradients: { dx }, parameterGradients: { w: dw, b: db } };
        },
      };
    },
  };
}

describeOp(
  LAYERS.flatMap((layer) => [splitTest(layer, { batch: 2, length: 25 }), splitTest(layer, { batch: 3, length: 100 })]),
  cudaDevices,
);

test('both products read what one node makes of the gradient, and no preactivation', () => {
  const graph = new Graph({ batch: 2, length: 4 }, 'bf16');
  traceSplit(graph, { gelu: true, gradient: 'activation' });
  const [, bias, weight, input] = graph.nodes;
  expect(graph.nodes.map(({ op }) => op.name).slice(1)).toEqual([
    'linear_backward_bias',
    'linear_backward_weight',
    'linear_backward_input',
  ]);
  const made = bias?.outputs[0];
  expect(made?.dtype).toBe('bfloat16');
  expect(weight?.inputs.slice(1)).toEqual([made, undefined]);
  expect(input?.inputs.slice(0, 2)).toEqual([made, undefined]);
  expect(weight?.updates[1]).toBeUndefined();
});

test('a gradient in the type of activations is not copied', () => {
  const graph = new Graph({ batch: 2, length: 4 }, 'bf16');
  traceSplit(graph, { gelu: false, gradient: 'activation' });
  expect(graph.nodes[1]?.outputs).toEqual([undefined]);
  expect(graph.nodes[2]?.inputs[1]).toBe(graph.inputs.get('dy'));
});
