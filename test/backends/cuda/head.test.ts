/** What the output head of GPT-2 does slice by slice, which no stand-in is fast enough to run. */

import { describe, expect, test } from 'vitest';
import type { Product, Step } from '#minillm/backends/cuda/operation.js';
import { OPERATIONS } from '#minillm/backends/cuda/operations/index.js';
import { Graph } from '#minillm/engine/graph.js';
import { crossEntropy } from '#minillm/engine/ops/cross-entropy.js';
import type { Precision } from '#minillm/engine/tensor.js';
import { differentiateLosses } from '../../engine/op-harness.ts';

const [C, V] = [768, 50257];

/** The steps of the head with gradients for active extents, and the bytes of its workspace. */
function headSteps(precision: Precision, compiled: { batch: number; length: number }, active = compiled) {
  const graph = new Graph(compiled, precision);
  const { batch, length, activationType } = graph;
  const x = graph.input('x', [batch, length, C], activationType);
  crossEntropy(x, graph.parameter('wte', [V, C]), graph.input('targets', [batch, length], 'int32'));
  differentiateLosses(graph, graph.input('scale', [], 'float32'));
  const node = graph.nodes[0]!;
  const operation = OPERATIONS[node.op.name]!;
  return { node, steps: operation.steps(node, active), bytes: operation.workspace?.(node).bytes ?? 0 };
}

const isProduct = (step: Step): step is Product => step.kind === 'product';

describe.each(['fp32', 'bf16'] as const)('in %s', (precision) => {
  test.each([
    { batch: 64, length: 1024 },
    { batch: 13, length: 1000 },
    { batch: 1, length: 1 },
  ])('slices are all rows of $batch × $length, each once and in order', (active) => {
    const { steps } = headSteps(precision, { batch: 64, length: 1024 }, active);
    const slices = steps.flatMap((step) =>
      step.kind === 'launch' && step.function === 'cross_entropy_with_gradient'
        ? [{ first: step.sizes?.firstRow ?? -1, rows: step.grid[0] }]
        : [],
    );
    let next = 0;
    for (const { first, rows } of slices) {
      expect(first).toBe(next);
      next += rows;
    }
    expect(next).toBe(active.batch * active.length);
  });

  test('every product stays within the workspace and its tensors', () => {
    const { steps, bytes, node } = headSteps(precision, { batch: 64, length: 1024 });
    const size = precision === 'bf16' ? 2 : 4;
    const products = steps.filter(isProduct);
    const gradients = products.filter(({ d }) => d.place.of === node.updates[0]);
    for (const { m, n, d } of gradients)
      expect((d.place.byteOffset ?? 0) / 4 + (m - 1) * d.stride + n).toBeLessThanOrEqual(V * C);
    const logits = products.filter(({ d }) => d.place.of === 'workspace');
    for (const { m, n, d } of logits)
      expect((d.place.byteOffset ?? 0) + size * ((m - 1) * d.stride + n)).toBeLessThanOrEqual(bytes);
    expect(logits.length).toBeGreaterThan(1);
  });

  test('the gradient of every token is added to, in products of whole vectors but for what is left over', () => {
    const { steps, node } = headSteps(precision, { batch: 1, length: 64 });
    const products = steps.filter(isProduct).filter(({ d }) => d.place.of === node.updates[0]);
    expect(products.map(({ m, d }) => [(d.place.byteOffset ?? 0) / 4 / C, m])).toEqual([
      [0, 50256],
      [50256, 1],
    ]);
    expect(products.every(({ accumulate }) => accumulate)).toBe(true);
  });
});

test('a slice of GPT-2 has 8192 rows in bf16', () => {
  const { steps } = headSteps('bf16', { batch: 64, length: 1024 });
  expect(steps.filter(isProduct)[0]?.m).toBe(8192);
});
