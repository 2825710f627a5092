import { describe, expect, test } from 'vitest';
import type { BatchLoader } from '#minillm/data/batches/batch-loader.js';
import { type Communicator, singleProcess } from '#minillm/engine/runtime/communicator.js';
import { completeSettings } from '#minillm/train/resolve-settings.js';
import { TrainingModel, type UpdateLimits } from '#minillm/train/training-model.js';
import { bestDevices, type Device, openDevice } from '../engine/devices.ts';
import { microBatch, SMALL, writeParameters } from '../engine/training.ts';
import { type Begun, FAILURE, valuesOf, watchedCommunicator } from '../engine/watched-communicator.ts';

const EXTENTS = { batch: 2, length: 16 };
const MICRO_STEPS = 2;

const LOADER = {
  batch: (step: number, micro: number) => microBatch(SMALL, EXTENTS, `step ${step}, micro-step ${micro}`),
} as unknown as BatchLoader;

const NO_LIMITS: UpdateLimits = { loss: Number.POSITIVE_INFINITY, norm: Number.POSITIVE_INFINITY };

/** A rank whose twin has the same tokens and wishes: every sum doubles, no sooner than it is waited for. */
function twins(): Communicator {
  const begun: Begun[] = [];
  return watchedCommunicator({
    begin: (sum) => {
      begun.push(sum);
    },
    wait: () => {
      for (const sum of begun.splice(0)) {
        const values = valuesOf(sum);
        values.set(values.map((value) => 2 * value));
      }
    },
  });
}

async function openModel(device: Device, communicator: Communicator) {
  const { batch: batchSize, length: sequenceLength } = EXTENTS;
  const given = { data: 'data', out: 'run', batchSize, sequenceLength, precision: device.precision };
  const model = new TrainingModel(
    await openDevice(device),
    SMALL,
    completeSettings({ ...given, totalBatchSize: 2 * MICRO_STEPS * batchSize * sequenceLength }, SMALL.contextLength),
    communicator,
  );
  await writeParameters(model.session);
  const step = (index: number, limits = NO_LIMITS, signal?: AbortSignal) =>
    model.step(
      LOADER,
      { step: index, microSteps: MICRO_STEPS },
      { learningRate: 1e-3, updateCount: index + 1, limits },
      { signal },
    );
  const parameters = async () => {
    const all: Float32Array[] = [];
    for (const { name, count } of model.session.layout.places.values()) {
      const values = new Float32Array(count);
      await model.session.read('parameters', name, values);
      all.push(values);
    }
    return all;
  };
  return { step, parameters };
}

describe.each(bestDevices)('$name', (device) => {
  test.runIf(device.sharesHostMemory)('two ranks with the same tokens take the steps of one alone', async () => {
    const alone = await openModel(device, singleProcess);
    const together = await openModel(device, twins());
    for (let index = 0; index < 3; index++) {
      const expected = await alone.step(index);
      expect(expected).toMatchObject({ updated: true, stopRequested: false });
      // halved by the scale and doubled by the sum, which rounds nothing
      expect(await together.step(index)).toEqual(expected);
    }
    expect(await together.parameters()).toEqual(await alone.parameters());
  });

  test.runIf(device.sharesHostMemory)('with other ranks a signal is passed on, and the step is made', async () => {
    const { step, parameters } = await openModel(device, twins());
    const before = await parameters();
    expect(await step(0, NO_LIMITS, AbortSignal.abort())).toMatchObject({ updated: true, stopRequested: true });
    expect(await parameters()).not.toEqual(before);
    expect(await step(1)).toMatchObject({ updated: true, stopRequested: false });
  });

  test('alone a signal ends the step, and the model is as it was', async () => {
    const { step, parameters } = await openModel(device, singleProcess);
    const before = await parameters();
    expect(await step(0, NO_LIMITS, AbortSignal.abort())).toBeUndefined();
    expect(await parameters()).toEqual(before);
  });

  test.each([
    ['begins', { begin: () => 1 }],
    ['ends', { wait: () => 1 }],
  ])('a sum that fails when it %s fails the step, and the model is as it was', async (_when, watcher) => {
    const { step, parameters } = await openModel(device, watchedCommunicator(watcher));
    const before = await parameters();
    await expect(step(0)).rejects.toBe(FAILURE);
    expect(await parameters()).toEqual(before);
  });

  test.each([
    ['loss', { ...NO_LIMITS, loss: 1 }],
    ['norm', { ...NO_LIMITS, norm: 1e-3 }],
  ])('a %s above its limit makes no update, and the next step begins anew', async (name, limits) => {
    const [skipping, plain] = [await openModel(device, singleProcess), await openModel(device, singleProcess)];
    const before = await skipping.parameters();
    const skipped = await skipping.step(0, limits);
    expect(skipped).toMatchObject({ updated: false });
    expect(skipped?.[name as 'loss' | 'norm']).toBeGreaterThan(limits[name as 'loss' | 'norm']);
    expect(await skipping.parameters()).toEqual(before);
    expect(await skipping.step(0)).toEqual(await plain.step(0));
    expect(await skipping.parameters()).toEqual(await plain.parameters());
  });

  test('what a step finds at its limits is used', async () => {
    const [found, limited] = [await openModel(device, singleProcess), await openModel(device, singleProcess)];
    const { loss, norm } = (await found.step(0))!;
    expect(await limited.step(0, { loss, norm })).toMatchObject({ updated: true, loss, norm });
  });
});
