import koffi from 'koffi';
import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { allReduce } from '#minillm/engine/ops/all-reduce.js';
import { gradientNorm } from '#minillm/engine/ops/gradient-norm.js';
import { plan } from '#minillm/engine/plan.js';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';
import { singleProcess } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { bestDevices, type Device, openDevice } from '../devices.ts';
import { type Signal, watchedCommunicator } from '../reduce-callback.ts';

const COUNT = 5;
const BUCKET = 3;

/** A program that reduces the gradient of `w` and takes its norm. */
async function openReduction(device: Device, communicator: Communicator) {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [COUNT]);
  const range = graph.range('gradients', 0, COUNT);
  allReduce(range, graph.input('active', [], 'int32'), BUCKET);
  graph.result('norm', gradientNorm(range));
  const layout = layoutParameters(graph);
  const session = new Session(await openDevice(device), layout, { reduce: plan(graph, layout) }, communicator);
  session.write('gradients', 'w', Float32Array.of(3, 0, 4, 0, 0));
  return async (active: number): Promise<number> => {
    const program = session.program('reduce');
    await program.run({ active });
    const norm = new Float32Array(1);
    program.read('norm', norm);
    return norm[0] ?? Number.NaN;
  };
}

describe.each(bestDevices)('$name', (device) => {
  test('the communicator is given context, bucket, data and count, and may sum in place', async () => {
    const signals: Signal[] = [];
    const run = await openReduction(
      device,
      watchedCommunicator(77, (signal) => {
        signals.push(signal);
        const values = new Float32Array(koffi.view(BigInt(signal.address), 4 * signal.count));
        values.set(values.map((value) => 2 * value));
      }),
    );
    expect(await run(1)).toBe(10);
    expect(signals).toEqual([{ context: 77, bucket: BUCKET, address: expect.any(Number), count: COUNT }]);
  });

  test('nothing is reduced while it is not active', async () => {
    const run = await openReduction(
      device,
      watchedCommunicator(0, () => {
        throw new Error('reduced before the last micro-step');
      }),
    );
    expect(await run(0)).toBe(5);
  });

  test('a world of one has nothing to reduce', async () => {
    const run = await openReduction(device, singleProcess);
    expect(await run(1)).toBe(5);
  });
});
