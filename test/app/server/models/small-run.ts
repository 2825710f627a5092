/** @file A run folder of a model that takes milliseconds, written as training leaves it. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { initialise } from '#minillm/model/initialise.js';

const CONFIG = { layers: 1, heads: 2, channels: 16, contextLength: 32, vocabularySize: 50257, layerNormEpsilon: 1e-5 };

interface RunOptions {
  readonly seed?: number;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** Writes checkpoints, whose weights are all different, and metrics of 1,200 steps. */
export async function smallRun(folder: string, steps: readonly number[], options: RunOptions = {}): Promise<void> {
  const { seed = 7, configuration = { preset: 'tiny' } } = options;
  for (const step of steps) {
    const path = join(folder, `step-${String(step).padStart(8, '0')}`);
    mkdirSync(path, { recursive: true });
    await writeGpt2Folder(path, CONFIG, (name, start, target) => {
      const untilHere = new Float32Array(start + target.length);
      initialise(untilHere, name, CONFIG, 1000 + step);
      target.set(untilHere.subarray(start));
    });
    writeFileSync(join(path, 'optimizer.safetensors'), '');
    writeFileSync(
      join(path, 'state.json'),
      JSON.stringify({
        ...{ formatVersion: 1, step, updates: step, seed, recent: { losses: [], norms: [] } },
        ...{ checksums: {}, configuration, versions: {} },
      }),
    );
  }
  const train = Array.from({ length: 1200 }, (_, step) => ({
    ...{ kind: 'train', step, loss: step === 5 ? null : 10 - step / 200 },
    ...{ lr: 1e-3, norm: 1, ms: 1, tokensPerSecond: 1, mfu: 0.1 },
  }));
  const evals = [
    { kind: 'eval', step: 0, validationLoss: 10.9 },
    { kind: 'eval', step: 4, validationLoss: 9.5 },
  ];
  const lines = [...evals, ...train].map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(join(folder, 'metrics.jsonl'), lines.join(''));
}
