import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { squaredNorm } from '#minillm/engine/ops/squared-norm.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { devices } from '../devices.ts';
import { type OpCase, runOp } from '../op-harness.ts';
import * as reference from '../reference/squared-norm.ts';
import { normal } from '../values.ts';

/** One below, at and above the stretch whose squares are summed together, and several of them. */
const COUNTS = [1, 7, 1000, 65_535, 65_536, 65_537, 200_000];

function opOf(gradients: Float64Array): OpCase {
  const trace = (graph: Graph) => ({ squares: squaredNorm(graph.parameter('gradients', [gradients.length])) });
  return { compiled: { batch: 1, length: 1 }, trace, values: { gradients } };
}

function squaredNormTest(count: number): OpTest {
  return {
    title: `${count} elements`,
    make: () => {
      const gradients = normal(count, 'gradients', 1e-3);
      return {
        op: opOf(gradients),
        expected: () => ({ outputs: { squares: Float64Array.of(reference.squaredNorm(gradients)) } }),
      };
    },
  };
}

describeOp(COUNTS.map(squaredNormTest));

describe.each(devices)('$name', (device) => {
  test.each([
    ['usual gradients', normal(200_000, 'gradients', 1e-3)],
    ['gradients whose squares are more than a float32 holds', normal(70_000, 'gradients', 1e25)],
    ['gradients whose squares are less', normal(70_000, 'gradients', 1e-30)],
  ])('%s are squared and summed in double', async (_case, gradients) => {
    const { outputs } = await runOp(device, opOf(gradients));
    // all that differs is the order of the sum
    expect(outputs.squares![0]! / reference.squaredNorm(gradients)).toBeCloseTo(1, 12);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a gradient of %d is not lost', async (value) => {
    const gradients = normal(70_000, 'gradients');
    gradients[69_999] = value;
    expect((await runOp(device, opOf(gradients))).outputs.squares).toEqual(Float64Array.of(value));
  });
});
