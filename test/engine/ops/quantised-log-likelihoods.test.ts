import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { quantisedWeight, quantiseWeight } from '#minillm/engine/ops/quantise-weight.js';
import { quantisedLogLikelihoods } from '#minillm/engine/ops/quantised-log-likelihoods.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { cpuDevices, type Precision } from '../devices.ts';
import { type OpCase, runOp } from '../op-harness.ts';
import { logProbabilities } from '../reference/log-likelihoods.ts';
import { quantised } from '../reference/quantise.ts';
import { activations, integers, normal } from '../values.ts';

interface Shape {
  /** Rows of x, and how many of them are chosen, of how many at most. */
  readonly N: number;
  readonly chosen: number;
  readonly R: number;
  readonly C: number;
  readonly V: number;
}

const SHAPES: readonly Shape[] = [
  { N: 1, chosen: 1, R: 1, C: 8, V: 500 },
  { N: 25, chosen: 40, R: 64, C: 64, V: 777 },
  // more rows than logits exist for at once
  { N: 30, chosen: 300, R: 300, C: 40, V: 77 },
];

/** The compiled batch is R, so that results are read up to the rows that are chosen. */
function opOf({ N, chosen, R, C, V }: Shape, precision: Precision, top: number) {
  const values = {
    x: activations(precision, N * C, 'x'),
    wte: normal(V * C, 'wte', 2 / Math.sqrt(C)),
    rows: integers(chosen, 0, N, 'rows'),
    targets: integers(chosen, 0, V, 'targets').map((target, row) => (row % 5 === 2 ? -1 : target)),
    count: Float64Array.of(chosen),
  };
  const trace = (graph: Graph) => {
    quantiseWeight(graph.parameter('wte', [V, C]), 'wte', { transposed: true });
    const likelihoods = quantisedLogLikelihoods(
      graph.input('x', [N, C], graph.activationType),
      quantisedWeight(graph, 'wte', C, V),
      {
        rows_R: graph.input('rows', [R], 'int32'),
        targets_R: graph.input('targets', [R], 'int32'),
        count: graph.input('count', [], 'int32'),
      },
      top,
    );
    return { ...likelihoods } satisfies ReturnType<OpCase['trace']>;
  };
  return { compiled: { batch: R, length: 1 }, active: { batch: chosen, length: 1 }, trace, values };
}

/** By row, of the quantised table. */
function expectedOf({ C, V }: Shape, { x, wte, rows }: ReturnType<typeof opOf>['values']) {
  return logProbabilities(x, quantised(wte, V, { transposed: true }), rows, C);
}

function valuesTest(shape: Shape): OpTest {
  const { N, chosen, R, C, V } = shape;
  return {
    title: `${chosen} of at most ${R} chosen out of ${N} rows, C ${C}, V ${V}`,
    make: (precision) => {
      const op = opOf(shape, precision, 0);
      const { targets } = op.values;
      return {
        op,
        expected: () => {
          const all = expectedOf(shape, op.values);
          return { outputs: { values: targets.map((target, i) => (target < 0 ? 0 : all[i]![target]!)) } };
        },
      };
    },
  };
}

describeOp(SHAPES.map(valuesTest), cpuDevices);

describe.each(cpuDevices)('$name', (device) => {
  const slack = device.precision === 'bf16' ? 0.1 : 1e-4;

  test.each(SHAPES)('the 5 most likely of V $V at $chosen rows have their log-probabilities', async (shape) => {
    const op = opOf(shape, device.precision, 5);
    const { topIds = new Float64Array(), topValues } = (await runOp(device, op)).outputs;
    const all = expectedOf(shape, op.values);
    for (let row = 0; row < shape.chosen; row++) {
      const best = [...all[row]!].sort((a, b) => b - a);
      for (let k = 0; k < 5; k++) {
        const at = row * 5 + k;
        expect(Math.abs(topValues![at]! - best[k]!)).toBeLessThan(slack);
        expect(Math.abs(all[row]![topIds[at]!]! - best[k]!)).toBeLessThan(slack);
      }
    }
  });
});
