import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { logLikelihoods } from '#minillm/engine/ops/log-likelihoods.js';
import { expectSameBits } from '../comparison.ts';
import { describeOp, type OpTest } from '../describe-op.ts';
import { devices, type Precision } from '../devices.ts';
import { type OpCase, runOp } from '../op-harness.ts';
import { logProbabilities } from '../reference/log-likelihoods.ts';
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
  { N: 7, chosen: 3, R: 8, C: 96, V: 1000 },
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
  const trace = (graph: Graph) =>
    ({
      ...logLikelihoods(
        graph.input('x', [N, C], graph.activationType),
        graph.parameter('wte', [V, C]),
        {
          rows_R: graph.input('rows', [R], 'int32'),
          targets_R: graph.input('targets', [R], 'int32'),
          count: graph.input('count', [], 'int32'),
        },
        top,
      ),
    }) satisfies ReturnType<OpCase['trace']>;
  return { compiled: { batch: R, length: 1 }, active: { batch: chosen, length: 1 }, trace, values };
}

function valuesTest(shape: Shape): OpTest {
  const { N, chosen, R, C, V } = shape;
  return {
    title: `${chosen} of at most ${R} chosen out of ${N} rows, C ${C}, V ${V}`,
    make: (precision) => {
      const op = opOf(shape, precision, 0);
      const { x, wte, rows, targets } = op.values;
      return {
        op,
        expected: () => {
          const all = logProbabilities(x, wte, rows, C);
          return { outputs: { values: targets.map((target, i) => (target < 0 ? 0 : all[i]![target]!)) } };
        },
      };
    },
  };
}

describeOp(SHAPES.map(valuesTest));

describe.each(devices)('$name', (device) => {
  const slack = device.precision === 'bf16' ? 0.1 : 1e-4;

  test.each(SHAPES)('the 5 most likely of V $V at $chosen rows, in order', async (shape) => {
    const op = opOf(shape, device.precision, 5);
    const { x, wte, rows } = op.values;
    const { topIds: ids, topValues: values } = (await runOp(device, op)).outputs;
    logProbabilities(x, wte, rows, shape.C).forEach((expected, row) => {
      const best = expected.toSorted((a, b) => b - a);
      for (let k = 0; k < 5; k++) {
        const value = values![row * 5 + k]!;
        expect(Math.abs(value - best[k]!)).toBeLessThan(slack);
        expect(Math.abs(value - expected[ids![row * 5 + k]!]!)).toBeLessThan(slack);
        if (k > 0) expect(value).toBeLessThanOrEqual(values![row * 5 + k - 1]!);
      }
      expect(new Set(ids!.slice(row * 5, row * 5 + 5)).size).toBe(5);
    });
  });

  test('a row has the same bits alone and beside others', async () => {
    const shape = { N: 30, chosen: 300, R: 300, C: 40, V: 77 };
    const op = opOf(shape, device.precision, 0);
    const together = (await runOp(device, op)).outputs.values!;
    for (const at of [0, 7, 255, 256, 299]) {
      const [rows, targets] = [op.values.rows, op.values.targets].map((values) => values.slice(at, at + 1));
      const values = { ...op.values, rows: rows!, targets: targets!, count: Float64Array.of(1) };
      const alone = await runOp(device, { ...op, active: { batch: 1, length: 1 }, values });
      expectSameBits(alone.outputs.values, together.slice(at, at + 1), `row ${at}`);
    }
  });
});
