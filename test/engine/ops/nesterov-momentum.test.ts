import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { nesterovMomentum } from '#minillm/engine/ops/nesterov-momentum.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import type { FlatBuffer } from '#minillm/engine/tensor.js';
import { expectClose, expectSameBits } from '../comparison.ts';
import { type Device, devices, openDevice } from '../devices.ts';
import { type Parts, splitColumns } from '../matrix-parts.ts';
import { concatenate, normal } from '../values.ts';

const BETA = 0.95;
const MOMENTUM = 'optimizer:momentum';

/** A session with one weight `w` and the program that follows its gradients. */
async function openMomentum(device: Device, matrices: Parts, threads = 2) {
  const { parts, rows, columns } = matrices;
  const count = parts * rows * columns;
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [rows, parts * columns]);
  const layout = layoutParameters(graph, () => ({ name: '', state: [{ buffer: MOMENTUM }] }));
  const buffers = { gradients: graph.range('gradients', 0, count), momentum: graph.range(MOMENTUM, 0, count) };
  graph.result('direction', nesterovMomentum(graph.input('factor', [], 'float32'), buffers, matrices, BETA));
  const backend = await openDevice(device, threads);
  const session = new Session(backend, layout, { update: plan(graph, layout, backend) });
  const read = async (buffer: FlatBuffer): Promise<Float64Array> => {
    const values = new Float32Array(count);
    await session.read(buffer, 'w', values);
    return new Float64Array(values);
  };
  /** Returns the direction. */
  const follow = async (gradients: Float64Array, factor: number): Promise<Float64Array> => {
    await session.write('gradients', 'w', new Float32Array(gradients));
    const direction = new Float32Array(count);
    await session.program('update').run({ factor }, { results: { direction } });
    return new Float64Array(direction);
  };
  return { read, follow, count };
}

describe.each(devices)('$name', (device) => {
  test.each([
    { parts: 1, rows: 3, columns: 5, factor: 1 },
    { parts: 3, rows: 40, columns: 40, factor: 0.3 },
    { parts: 1, rows: 130, columns: 300, factor: 1 },
  ])('four gradients of $parts of $rows × $columns, times $factor, are followed', async ({ factor, ...matrices }) => {
    const { read, follow, count } = await openMomentum(device, matrices);
    let momentum = new Float64Array(count);
    for (let update = 0; update < 4; update++) {
      const gradients = normal(count, `gradients ${update}`);
      const direction = await follow(gradients, factor);
      momentum = momentum.map((value, i) => BETA * value + (1 - BETA) * factor * gradients[i]!);
      const expected = momentum.map((value, i) => BETA * value + (1 - BETA) * factor * gradients[i]!);
      const parts = splitColumns(expected, matrices).map(({ values }) => values);
      expectClose(direction, concatenate(parts), 1e-6, 'direction');
    }
    expectClose(await read(MOMENTUM), momentum, 1e-6, 'momentum');
    expect(new Set(await read('gradients')), 'gradients are zeroed').toEqual(new Set([0]));
  });

  test('with a negative factor and a gradient that is not a number, the momentum stays and the direction is 0', async () => {
    const { read, follow, count } = await openMomentum(device, { parts: 3, rows: 40, columns: 40 });
    await follow(normal(count, 'gradients'), 1);
    const before = await read(MOMENTUM);
    const direction = await follow(new Float64Array(count).fill(Number.NaN), -1);
    expect(new Set(direction)).toEqual(new Set([0]));
    expectSameBits(await read(MOMENTUM), before, 'momentum');
    expect(new Set(await read('gradients'))).toEqual(new Set([0]));
  });

  test.runIf(device.hasThreads)('the same bits with 1, 2 and 3 threads', async () => {
    const directions: Float64Array[] = [];
    for (const threads of [1, 2, 3]) {
      const { follow, count } = await openMomentum(device, { parts: 1, rows: 130, columns: 300 }, threads);
      directions.push(await follow(normal(count, 'gradients'), 1));
    }
    expectSameBits(directions[1], directions[0]!, '2 threads');
    expectSameBits(directions[2], directions[0]!, '3 threads');
  });
});
