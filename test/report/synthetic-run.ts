/** @file Run folders as `minillm train` leaves them, without training. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metrics } from '#minillm/runs/metrics.js';

export interface SyntheticRun {
  readonly steps?: number;
  readonly tokensPerStep?: number;
  /** Of the loss, in every step. */
  readonly scale?: number;
  readonly hellaswag?: boolean;
  /** Of how many examples HellaSwag's accuracies are. */
  readonly hellaswagExamples?: number;
  /** Steps it was to have; without it there is no checkpoint. */
  readonly planned?: number;
}

/** A loss that falls from about 11 to about 3.2, with a spread of ±0.1 that is the same every time. */
export function lossAt(step: number): number {
  return 3.2 + 7.7 * Math.exp(-step / 40) + 0.1 * Math.sin(step * 12.9898);
}

/** The lines of such a run: evaluations and samples every 50 steps, step 123 without a number. */
export function syntheticMetrics({
  steps = 600,
  tokensPerStep = 1024,
  scale = 1,
  hellaswag = true,
  hellaswagExamples = 10_042,
}: SyntheticRun): Metrics[] {
  const lines: Metrics[] = [];
  for (let step = 0; step <= steps; step++) {
    if (step % 50 === 0) {
      const accuracyNorm = 0.25 + 0.05 * (1 - Math.exp(-step / 300));
      const counts = { accuracy: 0.28, accuracyNorm, correct: 28, correctNorm: 29, total: hellaswagExamples };
      lines.push({
        kind: 'eval',
        step,
        validationLoss: scale * lossAt(step) + 0.03,
        ...(hellaswag ? { hellaswag: counts } : {}),
      });
      lines.push({ kind: 'sample', step, text: `Once </script> <b>${step}</b> "times"\nand again` });
    }
    if (step < steps)
      lines.push({
        kind: 'train',
        step,
        loss: step === 123 ? Number.NaN : scale * lossAt(step),
        lr: 1e-3 * Math.min(1, (step + 1) / 60),
        norm: 0.3,
        ms: 500,
        tokensPerSecond: tokensPerStep * 2,
        mfu: 0.4,
      });
  }
  return lines;
}

/** Writes the run into a folder, which is made. */
export function writeSyntheticRun(folder: string, run: SyntheticRun = {}): string {
  mkdirSync(folder, { recursive: true });
  const lines = syntheticMetrics(run).map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(join(folder, 'metrics.jsonl'), lines.join(''));
  if (run.planned !== undefined) writeCheckpoint(join(folder, 'step-00000500'), run.planned, run.tokensPerStep ?? 1024);
  return folder;
}

/** A checkpoint as far as a report reads it. */
function writeCheckpoint(folder: string, steps: number, totalBatchSize: number): void {
  mkdirSync(folder);
  const write = (name: string, value: object): void => writeFileSync(join(folder, name), JSON.stringify(value));
  for (const name of ['model.safetensors', 'optimizer.safetensors']) writeFileSync(join(folder, name), '');
  write('config.json', {
    model_type: 'gpt2',
    n_layer: 4,
    n_head: 4,
    n_embd: 64,
    n_positions: 128,
    vocab_size: 50257,
    layer_norm_epsilon: 1e-5,
    activation_function: 'gelu_new',
    tie_word_embeddings: true,
  });
  write('state.json', {
    formatVersion: 1,
    step: 500,
    updates: 500,
    seed: 1,
    recent: { losses: [], norms: [] },
    checksums: {},
    configuration: { preset: 'tiny', steps, totalBatchSize, samplePrompt: 'Once', learningRate: 1e-3, device: 'cpu' },
    versions: { minillm: '0.1.0', node: '20.19.0', device: 'A Processor, 2 threads' },
  });
}
