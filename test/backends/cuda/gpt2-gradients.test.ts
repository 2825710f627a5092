/** The gradients of a whole GPT-2 beside the CPU's: of 124M where there is a GPU, of a small model on one that is played. */

import { describe, expect, test } from 'vitest';
import { Session } from '#minillm/engine/runtime/session.js';
import { elements } from '#minillm/engine/tensor.js';
import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { initialiseParameters } from '#minillm/model/parameters.js';
import { PRESETS } from '#minillm/model/presets.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining } from '#minillm/train/programs.js';
import { bestDevices, cudaDevices, type Device, isOnGpu, openDevice, type Precision } from '../../engine/devices.ts';
import { integers } from '../../engine/values.ts';

const SMALL: Gpt2Config = { ...PRESETS.tiny, layers: 2, channels: 96, contextLength: 72, vocabularySize: 301 };
const [CONFIG, BATCH] = isOnGpu ? [PRESETS['gpt2-124m'], 1] : [SMALL, 2];
/** One less than the context, so that no tile of rows divides it. */
const LENGTH = CONFIG.contextLength - 1;

/** ‖Δ‖/‖reference‖ of each parameter's gradient; bf16 is compared with fp32. */
const TOLERANCES: Readonly<Record<Precision, number>> = { fp32: 1e-3, bf16: 5e-2 };

async function gradientsOn(device: Device): Promise<Map<string, Float32Array>> {
  const backend = await openDevice(device);
  const extents = { batch: BATCH, length: LENGTH, precision: device.precision, ranks: 1 };
  const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
  const { layout, plans } = planTraining(CONFIG, backend, extents, settings);
  const session = new Session(backend, layout, { gradients: plans.gradients });
  await initialiseParameters(session, CONFIG, 1);
  const draw = (name: string) => Int32Array.from(integers(BATCH * LENGTH, 0, CONFIG.vocabularySize, name));
  const [tokens, targets] = [draw('tokens'), draw('targets')];
  await session.program('gradients').run({ tokens, targets, scale: 1 / (BATCH * LENGTH) });
  const gradients = new Map<string, Float32Array>();
  for (const { name, shape } of layout.places.values()) {
    const gradient = new Float32Array(elements(shape));
    await session.read('gradients', name, gradient);
    gradients.set(name, gradient);
  }
  session.close();
  return gradients;
}

let reference: Promise<Map<string, Float32Array>> | undefined;

describe.each(cudaDevices)('$name', (device) => {
  test("the gradient of every parameter is the CPU's", async () => {
    reference ??= gradientsOn(bestDevices.find(({ precision }) => precision === 'fp32')!);
    const [expected, actual] = [await reference, await gradientsOn(device)];
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      const found = actual.get(name)!;
      let [difference, norm] = [0, 0];
      values.forEach((value, index) => {
        difference += (found[index]! - value) ** 2;
        norm += value ** 2;
      });
      expect(Math.sqrt(difference / norm), name).toBeLessThan(TOLERANCES[device.precision]);
    }
  }, 600_000);
});
