import { expect, test } from 'vitest';
import { stepCosts } from '#minillm/backends/cuda/cost.js';
import { cudaTarget } from '#minillm/backends/cuda/target.js';
import { openNullBackend } from '#minillm/backends/null/backend.js';
import { trainingFlopsPerToken } from '#minillm/model/flops.js';
import { PRESETS } from '#minillm/model/presets.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining } from '#minillm/train/programs.js';

const [batch, length] = [4, 128];

function planTiny(precision: 'fp32' | 'bf16') {
  const target = openNullBackend(cudaTarget, 1e12);
  const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
  return planTraining(PRESETS.tiny, target, { batch, length, precision, ranks: 1 }, settings).plans;
}

test('the products of a step have the FLOPs of the model', () => {
  const { gradients } = planTiny('fp32');
  const products = gradients.nodes
    .flatMap((node) => stepCosts(node, gradients))
    .filter(({ kind }) => kind === 'product');
  const { layers, channels } = PRESETS.tiny;
  const withoutAttention = trainingFlopsPerToken(PRESETS.tiny, length) - 12 * layers * channels * length;
  expect(products.reduce((sum, { flops }) => sum + flops, 0)).toBe(batch * length * withoutAttention);
});

test.each(['fp32', 'bf16'] as const)('every step of training in %s costs memory traffic', (precision) => {
  for (const plan of Object.values(planTiny(precision)))
    for (const planned of plan.nodes) {
      const costs = stepCosts(planned, plan);
      expect(costs.length, planned.node.op.name).toBeGreaterThan(0);
      for (const { name, traffic } of costs) expect(traffic, name).toBeGreaterThan(0);
    }
});

test('AdamW reads and writes a parameter, its gradient and two moments', () => {
  const { update } = planTiny('bf16');
  const adamw = update.nodes.filter(({ node }) => node.op.name === 'adamw');
  const [first] = adamw;
  const count = first?.node.updates[0]?.shape[0] ?? 0;
  const scalars = 12;
  expect(first && stepCosts(first, update)).toMatchObject([{ name: 'adamw', traffic: 32 * count + scalars }]);
});
