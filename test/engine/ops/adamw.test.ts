import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { type AdamWConstants, adamw } from '#minillm/engine/ops/adamw.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import type { FlatBuffer } from '#minillm/engine/tensor.js';
import { expectClose, expectSameBits } from '../comparison.ts';
import { type Device, devices, openDevice } from '../devices.ts';
import * as reference from '../reference/adamw.ts';
import { normal } from '../values.ts';

const LEARNING_RATE = 6e-4;
const CONSTANTS: AdamWConstants = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };

const BUFFERS = {
  parameters: 'parameters',
  firstMoments: 'optimizer:firstMoments',
  secondMoments: 'optimizer:secondMoments',
} as const;
const NAMES = ['parameters', 'firstMoments', 'secondMoments'] as const;

/** A session with one tensor `w` and the program that updates it. */
async function openUpdate(device: Device, count: number, constants: AdamWConstants, threads = 2) {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [count]);
  const state = [{ buffer: BUFFERS.firstMoments }, { buffer: BUFFERS.secondMoments }];
  const layout = layoutParameters(graph, () => ({ name: '', state }));
  const range = (buffer: FlatBuffer) => graph.range(buffer, 0, count);
  adamw(
    {
      factor: graph.input('factor', [], 'float32'),
      learningRate: graph.input('learningRate', [], 'float32'),
      updateCount: graph.input('updateCount', [], 'int32'),
    },
    {
      parameters: range('parameters'),
      gradients: range('gradients'),
      firstMoments: range('optimizer:firstMoments'),
      secondMoments: range('optimizer:secondMoments'),
    },
    constants,
  );
  const backend = await openDevice(device, threads);
  const session = new Session(backend, layout, { update: plan(graph, layout, backend) });
  const read = async (buffer: FlatBuffer): Promise<Float64Array> => {
    const values = new Float32Array(count);
    await session.read(buffer, 'w', values);
    return new Float64Array(values);
  };
  const update = async (gradients: Float64Array, updateCount: number, factor = 1): Promise<void> => {
    await session.write('gradients', 'w', new Float32Array(gradients));
    await session.program('update').run({ learningRate: LEARNING_RATE, updateCount, factor });
  };
  await session.write('parameters', 'w', new Float32Array(normal(count, 'w')));
  return { read, update };
}

describe.each(devices)('$name', (device) => {
  test.each([
    { count: 7, factor: 0.3, weightDecay: 0.1 },
    { count: 1000, factor: 1, weightDecay: 0.1 },
    { count: 40_003, factor: 0.01, weightDecay: 0 },
  ])(
    'five updates of $count elements, factor $factor, decay $weightDecay, follow PyTorch’s order of operations',
    async ({ count, factor, weightDecay }) => {
      const constants = { ...CONSTANTS, weightDecay };
      const { read, update } = await openUpdate(device, count, constants);
      const expected: reference.AdamWState = {
        parameters: normal(count, 'w'),
        firstMoments: new Float64Array(count),
        secondMoments: new Float64Array(count),
      };
      const settings = { ...constants, learningRate: LEARNING_RATE };
      for (let updateCount = 1; updateCount <= 5; updateCount++) {
        const gradients = normal(count, `gradients ${updateCount}`);
        await update(gradients, updateCount, factor);
        reference.adamw(expected, gradients, factor, updateCount, settings);
      }
      // five roundings to float32
      for (const name of NAMES) expectClose(await read(BUFFERS[name]), expected[name], 1e-6, name);
      const start = normal(count, 'w');
      const moved = (after: Float64Array) => after.map((value, index) => value - start[index]!);
      // the parameter is rounded five times, by up to 2⁻²⁴ of it; the movement is 3·10⁻³ of it
      expectClose(moved(await read('parameters')), moved(expected.parameters), 2e-4, 'movement');
      expect(new Set(await read('gradients')), 'gradients are zeroed').toEqual(new Set([0]));
    },
  );

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'with a negative factor and a gradient of %d, nothing changes but the gradients are zeroed',
    async (value) => {
      const count = 40_003;
      const { read, update } = await openUpdate(device, count, CONSTANTS);
      await update(normal(count, 'gradients'), 1);
      const before = await Promise.all(NAMES.map((name) => read(BUFFERS[name])));
      const gradients = normal(count, 'gradients');
      gradients[500] = value;
      await update(gradients, 2, -1);
      for (const [index, name] of NAMES.entries())
        expectSameBits(await read(BUFFERS[name]), before[index] ?? new Float64Array(), name);
      expect(new Set(await read('gradients'))).toEqual(new Set([0]));
    },
  );

  test.runIf(device.hasThreads)('the same bits with 1, 2 and 3 threads', async () => {
    const count = 40_003;
    const after: Float64Array[] = [];
    for (const threads of [1, 2, 3]) {
      const { read, update } = await openUpdate(device, count, CONSTANTS, threads);
      await update(normal(count, 'gradients'), 1);
      after.push(await read('parameters'));
    }
    expectSameBits(after[1], after[0]!, '2 threads');
    expectSameBits(after[2], after[0]!, '3 threads');
  });
});
