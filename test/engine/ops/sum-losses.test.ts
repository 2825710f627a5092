import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { add } from '#minillm/engine/ops/add.js';
import { sumLosses } from '#minillm/engine/ops/sum-losses.js';
import { devices } from '../devices.ts';
import { runOp } from '../op-harness.ts';
import { sum } from '../reference/sum.ts';
import { normal } from '../values.ts';

describe.each(devices)('$name', (device) => {
  test.each([1, 3, 7, 50])('the total grows by the sum of %d losses at every run', async (length) => {
    const losses = normal(length, 'losses').map(Math.abs);
    const trace = (graph: Graph) => {
      const input = (name: string) => graph.input(name, [graph.batch, graph.length, 1], 'float32');
      const total = graph.gradientOf(graph.parameter('total', [1]));
      sumLosses(add(input('losses'), input('zeros')), total);
      return {};
    };
    const values = { losses, zeros: new Float64Array(length), total: new Float64Array(1) };
    const op = { compiled: { batch: 2, length: 64 }, active: { batch: 1, length }, trace, values };
    for (const runs of [1, 3]) {
      const { gradients } = await runOp(device, op, { runs });
      // summed in double: all that is lost is the rounding of the total at each run
      expect(gradients.total![0]! / (runs * sum(losses))).toBeCloseTo(1, 6);
    }
  });
});
