/**
 * @file What a training step of GPT-2 124M should take on GPUs, computed: the plan's FLOPs and bytes over assumed rates. No GPU is
 * needed. `npm run bench:cuda -- --computed`
 */

import { cudaTarget } from '#minillm/backends/cuda/target.js';
import { openNullBackend } from '#minillm/backends/null/backend.js';
import { sessionBytes } from '#minillm/engine/runtime/session.js';
import { trainingFlopsPerToken } from '#minillm/model/flops.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining } from '#minillm/train/programs.js';
import { CONFIG } from '../model.ts';
import { GPUS, secondsOf } from './assumptions.ts';
import { partsOf } from './parts.ts';

/** Rows and positions of the micro-batch. */
export const BATCH = 64;
export const LENGTH = 1024;

/** The computed table, as Markdown. */
export function computedTable(): string {
  const target = openNullBackend(cudaTarget, 80e9);
  const extents = { batch: BATCH, length: LENGTH, precision: 'bf16', ranks: 1 } as const;
  const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
  const { layout, plans } = planTraining(CONFIG, target, extents, settings);
  const { gradients, update } = plans;
  const parts = partsOf([gradients, update]);
  const totals = GPUS.map((gpu) => parts.reduce((sum, part) => sum + secondsOf(part, gpu), 0));
  const tokens = BATCH * LENGTH;
  const lines = parts.map((part) => [
    part.name,
    part.flops > 0 && part.kind !== 'memory' ? (part.flops / 1e12).toFixed(1) : '',
    (part.traffic / 1e9).toFixed(part.traffic < 1e9 ? 2 : 1),
    `${part.steps}`,
    ...GPUS.map((gpu) => (1000 * secondsOf(part, gpu)).toFixed(2)),
  ]);
  const total = (name: string, figures: readonly string[]): string[] => [name, '', '', '', ...figures];
  const rates = totals.map((seconds) => tokens / seconds);
  const bytes = [...sessionBytes(layout, [gradients, update])].reduce((sum, [, size]) => sum + size, 0);
  return [
    ['', 'TFLOP', 'GB', 'launches', ...GPUS.map(({ name }) => `${name}, ms`)],
    ['---', '---:', '---:', '---:', ...GPUS.map(() => '---:')],
    ...lines,
    total(
      '**a step**',
      totals.map((seconds) => `**${(1000 * seconds).toFixed(1)}**`),
    ),
    total(
      'tokens a second',
      rates.map((rate) => Math.round(rate).toLocaleString('en')),
    ),
    total(
      'MFU',
      rates.map(
        (rate, index) => `${((100 * rate * trainingFlopsPerToken(CONFIG, LENGTH)) / GPUS[index]!.peak).toFixed(0)} %`,
      ),
    ),
    total(
      'llm.c, published, of eight',
      GPUS.map(({ llmC }) => llmC.toLocaleString('en')),
    ),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .concat('', `Memory: ${(bytes / 1e9).toFixed(1)} GB.`)
    .join('\n');
}
