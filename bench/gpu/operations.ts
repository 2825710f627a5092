/** @file Each operation of a step beside what it costs: its time, and the rates that its FLOPs and bytes then have. */

import { stepCosts } from '#minillm/backends/cuda/cost.js';
import { cudaTarget } from '#minillm/backends/cuda/target.js';
import { openNullBackend } from '#minillm/backends/null/backend.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining } from '#minillm/train/programs.js';
import { CONFIG } from '../model.ts';
import type { OursOnGpu } from './train-step.ts';

const LENGTH = 1024;

/** FLOPs and bytes of all nodes of an operation in a step of that many rows. */
function costsOf(batch: number): Map<string, { flops: number; traffic: number }> {
  const target = openNullBackend(cudaTarget, Number.POSITIVE_INFINITY);
  const extents = { batch, length: LENGTH, precision: 'bf16', ranks: 1 } as const;
  const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
  const { gradients, update } = planTraining(CONFIG, target, extents, settings).plans;
  const costs = new Map<string, { flops: number; traffic: number }>();
  for (const plan of [gradients, update])
    for (const planned of plan.nodes) {
      const cost = costs.get(planned.node.op.name) ?? { flops: 0, traffic: 0 };
      for (const { flops, traffic } of stepCosts(planned, plan)) {
        cost.flops += flops;
        cost.traffic += traffic;
      }
      costs.set(planned.node.op.name, cost);
    }
  return costs;
}

/** A table, the longest operation first. */
export function operationsTable({ batch, operations }: OursOnGpu): string {
  const costs = costsOf(batch);
  const total = operations.reduce((sum, { seconds }) => sum + seconds, 0);
  const lines = [...operations]
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ operation, seconds }) => {
      const { flops = 0, traffic = 0 } = costs.get(operation) ?? {};
      const cells = [1000 * seconds, (100 * seconds) / total, flops / seconds / 1e12, traffic / seconds / 1e12];
      return operation.padEnd(30) + cells.map((cell, index) => cell.toFixed(index < 2 ? 2 : 3).padStart(11)).join('');
    });
  const head = `${'operation'.padEnd(30)}${['ms', '% of step', 'TFLOP/s', 'TB/s'].map((cell) => cell.padStart(11)).join('')}`;
  return [head, '─'.repeat(head.length), ...lines].join('\n');
}
