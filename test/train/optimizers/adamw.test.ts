import { expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { shardOf } from '#minillm/engine/shard.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';

const optimizer = adamwOptimizer({ weightDecay: 0.1 });

test('weights of two or more dimensions are decayed, biases and gains are not', () => {
  const group = (...shape: number[]) => optimizer.groupOf({ name: 'w', shape });
  expect(group(8, 8)).toBe(group(2, 3, 4));
  expect(group(8)).toBe(group());
  expect(group(8)).not.toBe(group(8, 8));
});

test('a checkpoint names both moments as PyTorch does', () => {
  expect(optimizer.groupOf({ name: 'w', shape: [8] }).state).toEqual([
    { buffer: 'optimizer:firstMoments', suffix: 'exp_avg' },
    { buffer: 'optimizer:secondMoments', suffix: 'exp_avg_sq' },
  ]);
});

test.each([
  { shape: [8, 8], weightDecay: 0.1 },
  { shape: [8], weightDecay: 0 },
])('the update of shape $shape has β 0.9 and 0.95, ε 1e-8 and weight decay $weightDecay', ({ shape, weightDecay }) => {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', shape);
  const [stretch] = shardOf(layoutParameters(graph, optimizer.groupOf));
  if (!stretch) throw new Error('a parameter has no bucket');
  const scalars = {
    factor: graph.input('factor', [], 'float32'),
    learningRate: graph.input('learningRate', [], 'float32'),
    updateCount: graph.input('updateCount', [], 'int32'),
  };
  optimizer.update(graph, stretch, [], scalars);
  expect(graph.nodes.map(({ attributes }) => attributes)).toEqual([
    { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay },
  ]);
});
