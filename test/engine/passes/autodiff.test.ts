import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { add } from '#minillm/engine/ops/add.js';
import { crossEntropy } from '#minillm/engine/ops/cross-entropy.js';
import { embedding } from '#minillm/engine/ops/embedding.js';
import { gelu } from '#minillm/engine/ops/gelu.js';
import { layerNorm } from '#minillm/engine/ops/layer-norm.js';
import { linear } from '#minillm/engine/ops/linear.js';
import { gradients } from '#minillm/engine/passes/autodiff.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { expectClose, TOLERANCES } from '../comparison.ts';
import { bestDevices, openDevice, type Precision } from '../devices.ts';
import * as reference from '../reference/cross-entropy.ts';
import { embedding as embeddingReference } from '../reference/embedding.ts';
import { finiteDifferences } from '../reference/finite-differences.ts';
import { layerNorm as layerNormReference } from '../reference/layer-norm.ts';
import { linear as linearReference } from '../reference/linear.ts';
import { sum } from '../reference/sum.ts';
import { integers, normal } from '../values.ts';

const EXTENTS = { batch: 2, length: 3 };
const ROWS = 6;
const [V, C] = [11, 8];
const EPSILON = 1e-5;

type Parameters = Readonly<Record<'wte' | 'wpe' | 'weight' | 'bias' | 'w' | 'b', Float64Array>>;

const PARAMETERS: Parameters = {
  wte: normal(V * C, 'wte'),
  wpe: normal(EXTENTS.length * C, 'wpe'),
  weight: normal(C, 'weight'),
  bias: normal(C, 'bias'),
  w: normal(C * C, 'w', 0.5),
  b: normal(C, 'b'),
};
const TOKENS = integers(ROWS, 0, V, 'tokens');
const TARGETS = integers(ROWS, 0, V, 'targets');

/** A residual network that uses everything twice: the stream, the table (tied), the norm and the linear layer. */
function trace(precision: Precision): Graph {
  const graph = new Graph(EXTENTS, precision);
  const rows = [EXTENTS.batch, EXTENTS.length];
  const tokens_VC = graph.parameter('wte', [V, C]);
  const [w, b] = [graph.parameter('w', [C, C]), graph.parameter('b', [C])];
  const norm = { weight: graph.parameter('weight', [C]), bias: graph.parameter('bias', [C]), epsilon: EPSILON };
  const positions_PC = graph.parameter('wpe', [EXTENTS.length, C]);
  const x_BTC = embedding(graph.input('tokens', rows, 'int32'), { tokens_VC, positions_PC });
  const stream_BTC = add(x_BTC, linear(linear(layerNorm(x_BTC, norm), w, b), w, b));
  const losses = crossEntropy(layerNorm(stream_BTC, norm), tokens_VC, graph.input('targets', rows, 'int32'));
  graph.result('losses', gradients(losses, graph.input('scale', [], 'float32')));
  return graph;
}

function lossReference({ wte, wpe, weight, bias, w, b }: Parameters): Float64Array {
  const positions = TOKENS.map((_, row) => row % EXTENTS.length);
  const x = embeddingReference({ tokens: TOKENS, positions }, wte, wpe, C);
  const { normed } = layerNormReference({ x, weight, bias }, EPSILON);
  const branch = linearReference({ x: linearReference({ x: normed, w, b }), w, b });
  const last = layerNormReference({ x, branch, weight, bias }, EPSILON);
  return reference.crossEntropy({ x: last.normed, wte, targets: TARGETS });
}

describe.each(bestDevices)('$name', ({ precision, ...device }) => {
  test('gradients of tensors with two readers are added, those of parameters used twice add up', async () => {
    const graph = trace(precision);
    const layout = layoutParameters(graph);
    const backend = await openDevice({ precision, ...device });
    const session = new Session(backend, layout, { step: plan(graph, layout, backend) });
    for (const [name, values] of Object.entries(PARAMETERS))
      await session.write('parameters', name, new Float32Array(values));
    const inputs = { tokens: new Int32Array(TOKENS), targets: new Int32Array(TARGETS), scale: 0.5 };
    const losses = new Float32Array(ROWS);
    await session.program('step').run(inputs, { results: { losses } });

    expectClose(new Float64Array(losses), lossReference(PARAMETERS), TOLERANCES[precision].output, 'losses');
    for (const [name, values] of Object.entries(PARAMETERS)) {
      const differences = finiteDifferences(
        (moved) => 0.5 * sum(lossReference({ ...PARAMETERS, [name]: moved })),
        values,
      );
      const gradient = new Float32Array(values.length);
      await session.read('gradients', name, gradient);
      expectClose(new Float64Array(gradient), differences, TOLERANCES[precision].gradient, name);
    }
  });
});

test('the losses are computed once: the pass that differentiates takes the place of the one that does not', () => {
  const names = trace('fp32').nodes.map(({ op }) => op.name);
  expect(names).not.toContain('cross_entropy');
  expect(names.filter((name) => name === 'cross_entropy_with_gradient')).toHaveLength(1);
});

test('the backward pass begins after the losses', () => {
  const { nodes, backwardStart = 0 } = trace('fp32');
  expect(nodes[backwardStart - 1]?.op.name).toBe('cross_entropy_with_gradient');
  expect(nodes.slice(0, backwardStart).some(({ op }) => op.name.endsWith('_backward'))).toBe(false);
});

describe('errors', () => {
  const graph = new Graph(EXTENTS);
  const x = graph.input('x', [2, 3, C], 'float32');
  const scale = graph.input('scale', [], 'float32');
  const targets = graph.input('targets', [2, 3], 'int32');

  test('an operation on the way that has no backward rule is named', () => {
    const losses = crossEntropy(gelu(x), graph.parameter('wte', [V, C]), targets);
    expect(() => gradients(losses, scale)).toThrow(new TypeError('gelu has no backward rule'));
  });

  test('only losses of an operation that differentiates them can be differentiated', () => {
    expect(() => gradients(add(x, x), scale)).toThrow('must come from an operation that differentiates them');
    expect(() => gradients(x, scale)).toThrow('must come from an operation that differentiates them');
  });

  test('only parameters have a gradient of their own', () => {
    expect(() => graph.gradientOf(x)).toThrow('only parameters have a gradient of their own');
  });
});
