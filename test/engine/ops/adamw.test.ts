import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { type AdamWConstants, adamw } from '#minillm/engine/ops/adamw.js';
import { gradientNorm } from '#minillm/engine/ops/gradient-norm.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import type { FlatBuffer } from '#minillm/engine/tensor.js';
import { expectClose, expectSameBits } from '../comparison.ts';
import { type Device, devices, openDevice } from '../devices.ts';
import * as reference from '../reference/adamw.ts';
import { norm } from '../reference/norm.ts';
import { normal } from '../values.ts';

const LEARNING_RATE = 6e-4;
/** The greatest float32: every norm that is a finite number is below. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127;
const CONSTANTS: AdamWConstants = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

/** A session with one tensor `w` and the program that updates it; its clip factor is that of its own gradient. */
async function openUpdate(device: Device, count: number, constants: AdamWConstants, threads = 2) {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [count]);
  const layout = layoutParameters(graph);
  const range = (buffer: FlatBuffer) => graph.range(buffer, 0, count);
  adamw(
    {
      norm: gradientNorm(range('gradients')),
      normLimit: graph.input('normLimit', [], 'float32'),
      learningRate: graph.input('learningRate', [], 'float32'),
      updates: graph.input('updates', [], 'int32'),
    },
    {
      parameters: range('parameters'),
      gradients: range('gradients'),
      firstMoments: range('firstMoments'),
      secondMoments: range('secondMoments'),
    },
    constants,
  );
  const session = new Session(await openDevice(device, threads), layout, { update: plan(graph, layout) });
  const read = (buffer: FlatBuffer): Float64Array => {
    const values = new Float32Array(count);
    session.read(buffer, 'w', values);
    return new Float64Array(values);
  };
  const update = async (gradients: Float64Array, updates: number, normLimit = GREATEST): Promise<void> => {
    session.write('gradients', 'w', new Float32Array(gradients));
    await session.program('update').run({ learningRate: LEARNING_RATE, updates, normLimit });
  };
  session.write('parameters', 'w', new Float32Array(normal(count, 'w')));
  return { read, update };
}

const BUFFERS = ['parameters', 'firstMoments', 'secondMoments'] as const;

describe.each(devices)('$name', (device) => {
  test.each([
    { count: 7, name: 'clipped', constants: CONSTANTS },
    { count: 1000, name: 'without clipping', constants: { ...CONSTANTS, gradientClip: 0 } },
    {
      count: 40_003,
      name: 'without decay, below the clip',
      constants: { ...CONSTANTS, weightDecay: 0, gradientClip: 1e6 },
    },
  ])('five updates of $count elements, $name, follow PyTorch’s order of operations', async ({ count, constants }) => {
    const { read, update } = await openUpdate(device, count, constants);
    const expected: reference.AdamWState = {
      parameters: normal(count, 'w'),
      firstMoments: new Float64Array(count),
      secondMoments: new Float64Array(count),
    };
    const settings = { ...constants, learningRate: LEARNING_RATE };
    for (let updates = 1; updates <= 5; updates++) {
      const gradients = normal(count, `gradients ${updates}`);
      await update(gradients, updates);
      reference.adamw(expected, gradients, norm(gradients), updates, settings);
    }
    // five roundings to float32
    for (const buffer of BUFFERS) expectClose(read(buffer), expected[buffer], 1e-6, buffer);
    const start = normal(count, 'w');
    const moved = (after: Float64Array) => after.map((value, index) => value - start[index]!);
    // the movement is 10⁻³ of the parameter, whose last bit is 2⁻²⁴ of it
    expectClose(moved(read('parameters')), moved(expected.parameters), 1e-4, 'movement');
    expect(
      read('gradients').every((value) => value === 0),
      'gradients are zeroed',
    ).toBe(true);
  });

  test.each([
    ['gradient is not a number', Number.NaN, GREATEST],
    ['gradient is infinite', Number.POSITIVE_INFINITY, GREATEST],
    ['norm exceeds the limit', 1000, 999],
  ])('where a %s, nothing changes but the gradients are zeroed', async (_case, value, normLimit) => {
    const count = 1000;
    const { read, update } = await openUpdate(device, count, CONSTANTS);
    await update(normal(count, 'gradients'), 1);
    const before = BUFFERS.map(read);
    const gradients = normal(count, 'gradients');
    gradients[500] = value;
    await update(gradients, 2, normLimit);
    BUFFERS.forEach((buffer, index) => {
      expectSameBits(read(buffer), before[index] ?? new Float64Array(), buffer);
    });
    expect(read('gradients').every((gradient) => gradient === 0)).toBe(true);
  });

  test('the same bits with 1, 2 and 3 threads', async () => {
    const count = 40_003;
    const after: Float64Array[] = [];
    for (const threads of [1, 2, 3]) {
      const { read, update } = await openUpdate(device, count, CONSTANTS, threads);
      await update(normal(count, 'gradients'), 1);
      after.push(read('parameters'));
    }
    expectSameBits(after[1], after[0]!, '2 threads');
    expectSameBits(after[2], after[0]!, '3 threads');
  });
});
