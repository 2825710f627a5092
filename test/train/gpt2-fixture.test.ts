/**
 * The two-layer GPT-2 of test/fixtures/gpt2-tiny, computed in float64 by PyTorch: logits, loss, every gradient, ten AdamW
 * steps and the weights after them. fp32 tolerances leave some hundred times the rounding of float32; bf16 ones are those
 * of a type with eight bits of mantissa.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '#minillm/engine/runtime/session.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import type { Gpt2Checkpoint } from '#minillm/formats/gpt2-weights.js';
import { openSafetensors } from '#minillm/formats/open-safetensors.js';
import type { SafetensorsFile } from '#minillm/formats/safetensors-reader.js';
import { loadParameters } from '#minillm/model/parameters.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining, type TrainingPrograms } from '#minillm/train/programs.js';
import { learningRateAt } from '#minillm/train/schedule.js';
import { devices, openDevice } from '../engine/devices.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));
const BATCH = 2;
const LENGTH = 24;
const STEPS = 10;

interface Trajectory {
  readonly config: {
    lr: number;
    min_lr: number;
    warmup: number;
    max_steps: number;
    weight_decay: number;
    clip: number;
  };
  readonly steps: readonly { loss: number; lr: number; norm: number }[];
}

const trajectory = JSON.parse(readFileSync(`${FIXTURE}trajectory.json`, 'utf8')) as Trajectory;
const { lr, min_lr, warmup, max_steps, weight_decay, clip } = trajectory.config;
const schedule = { learningRate: lr, minLearningRate: min_lr, warmupSteps: warmup, steps: max_steps };

const TOLERANCES = {
  fp32: { loss: 1e-5, gradient: 1e-4, losses: 1e-4, norm: 1e-3, weights: 1e-4 },
  bf16: { loss: 2e-2, gradient: 5e-2, losses: 2e-2, norm: 5e-2, weights: 5e-3 },
} as const;

describe.each(devices)('the GPT-2 fixture on $name', (device) => {
  const { precision } = device;
  const tolerance = TOLERANCES[precision];
  let session: Session<keyof TrainingPrograms['plans']>;
  let folder: Gpt2Checkpoint;
  const files = new Map<string, SafetensorsFile>();
  const tokens = new Int32Array(STEPS * BATCH * (LENGTH + 1));

  const tensor = (file: string, name: string): Promise<Float32Array> => {
    const opened = files.get(file);
    if (!opened) throw new Error(`${file} is not open`);
    return opened.read(name);
  };

  beforeAll(async () => {
    const backend = await openDevice(device);
    folder = await openGpt2Folder(FIXTURE);
    for (const name of ['batches', 'expected', 'final'])
      files.set(name, await openSafetensors(`${FIXTURE}${name}.safetensors`));
    await files.get('batches')?.readInto('tokens', 0, tokens);
    const { layout, plans } = planTraining(
      folder.config,
      backend,
      { batch: BATCH, length: LENGTH, precision, ranks: 1 },
      { optimizer: adamwOptimizer({ weightDecay: weight_decay }), gradientClip: clip },
    );
    session = new Session(backend, layout, plans);
    await loadParameters(session, folder);
  });

  afterAll(async () => {
    for (const file of files.values()) await file.close();
    await folder.close();
    session.close();
  });

  const batch = (step: number): { tokens: Int32Array; targets: Int32Array } => {
    const rows = Array.from({ length: BATCH }, (_, row) => {
      const start = (step * BATCH + row) * (LENGTH + 1);
      return tokens.subarray(start, start + LENGTH + 1);
    });
    return {
      tokens: Int32Array.from(rows.flatMap((row) => [...row.subarray(0, LENGTH)])),
      targets: Int32Array.from(rows.flatMap((row) => [...row.subarray(1)])),
    };
  };

  it('evaluates to the reference loss', async () => {
    const losses = new Float32Array(BATCH * LENGTH);
    await session.program('evaluate').run(batch(0), { results: { losses } });
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const [expected = Number.NaN] = await tensor('expected', 'loss');
    expect(Math.abs(mean - expected)).toBeLessThan(tolerance.loss);
  });

  it('has the reference gradients, then losses and norms through ten updates, then the reference weights', async () => {
    const scale = 1 / (BATCH * LENGTH);
    const norm = new Float32Array(1);
    const statistics = new Float32Array(session.layout.statistics.size);
    for (const [step, expected] of trajectory.steps.entries()) {
      expect(learningRateAt(step, schedule)).toBeCloseTo(expected.lr, 12);
      await session.program('gradients').run({ ...batch(step), scale });
      if (step === 0) {
        for (const { name, shape } of folder.parameters) {
          const gradient = new Float32Array(shape.reduce((a, b) => a * b, 1));
          await session.read('gradients', name, gradient);
          const reference = await tensor('expected', `grad.${name}`);
          expect(relativeError(gradient, reference), name).toBeLessThan(tolerance.gradient);
        }
      }
      const inputs = { learningRate: expected.lr, updateCount: step + 1, normLimit: 1e30, lossLimit: 1e30 };
      await session.program('update').run(inputs, { results: { norm, statistics } });
      const difference = Math.abs((statistics[0] ?? Number.NaN) * scale - expected.loss);
      expect(difference, `loss of step ${step}`).toBeLessThan(step === 0 ? tolerance.loss : tolerance.losses);
      expect(Math.abs((norm[0] ?? 0) / expected.norm - 1), `norm of step ${step}`).toBeLessThan(tolerance.norm);
    }
    for (const { name, shape } of folder.parameters) {
      const weights = new Float32Array(shape.reduce((a, b) => a * b, 1));
      await session.read('parameters', name, weights);
      const reference = await tensor('final', name);
      if (name.endsWith('c_attn.bias')) {
        // The true gradient of the keys' bias is zero, so AdamW follows rounding there: by a learning rate a step at most.
        const third = weights.length / 3;
        const reach = trajectory.steps.reduce((sum, step) => sum + step.lr, 0);
        for (let i = third; i < 2 * third; i++)
          expect(Math.abs((weights[i] ?? 0) - (reference[i] ?? 0))).toBeLessThanOrEqual(reach);
        for (const part of [0, 2])
          expect(
            relativeError(
              weights.subarray(part * third, (part + 1) * third),
              reference.subarray(part * third, (part + 1) * third),
            ),
            name,
          ).toBeLessThan(tolerance.weights);
      } else expect(relativeError(weights, reference), name).toBeLessThan(tolerance.weights);
    }
  });
});

/** ‖a − b‖ / ‖b‖. */
function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (const [index, value] of b.entries()) {
    difference += ((a[index] ?? Number.NaN) - value) ** 2;
    norm += value ** 2;
  }
  return Math.sqrt(difference / norm);
}
