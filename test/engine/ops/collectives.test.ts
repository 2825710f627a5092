import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { beginCollective, waitForCollectives } from '#minillm/engine/ops/collectives.js';
import { squaredNorm } from '#minillm/engine/ops/squared-norm.js';
import { plan } from '#minillm/engine/plan.js';
import { COLLECTIVES, type Communicator, ELEMENT_TYPES, singleProcess } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { type Device, nativeDevices, openDevice } from '../devices.ts';
import { type Begun, FAILURE, valuesOf, watchedCommunicator } from '../watched-communicator.ts';

const COUNT = 5;

/** A program that sums the gradient of `w` over ranks, waits, and gives the sum of its squares, which it sums too. */
async function openReduction(device: Device, communicator: Communicator) {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [COUNT]);
  const range = graph.range('gradients', 0, COUNT);
  beginCollective('allReduce', range);
  waitForCollectives(graph);
  const squares = squaredNorm(range);
  beginCollective('allReduce', squares);
  waitForCollectives(graph);
  graph.result('squares', squares);
  const layout = layoutParameters(graph);
  const backend = await openDevice(device);
  const session = new Session(backend, layout, { reduce: plan(graph, layout, backend) }, communicator);
  await session.write('gradients', 'w', Float32Array.of(3, 0, 4, 0, 0));
  return async (): Promise<number> => {
    const bits = new Float32Array(2);
    expect(await session.program('reduce').run({}, { results: { squares: bits } })).toBe('completed');
    return new Float64Array(bits.buffer)[0]!;
  };
}

describe.each(nativeDevices)('$name', (device) => {
  test('the communicator begins and ends sums in the order of the program, given context, count and type', async () => {
    const asked: (Omit<Begun, 'address'> | number)[] = [];
    const communicator = watchedCommunicator({
      context: 77,
      begin: ({ context, collective, count, type }) => {
        asked.push({ context, collective, count, type });
      },
      wait: (context) => {
        asked.push(context);
      },
    });
    const run = await openReduction(device, communicator);
    expect(await run()).toBe(25);
    expect(asked).toEqual([
      { context: 77, collective: COLLECTIVES.allReduce, count: COUNT, type: ELEMENT_TYPES.float32 },
      77,
      { context: 77, collective: COLLECTIVES.allReduce, count: 1, type: ELEMENT_TYPES.float64 },
      77,
    ]);
  });

  test.runIf(device.sharesHostMemory)(
    'what is summed in place before the wait has ended is read after it',
    async () => {
      let begun: Begun | undefined;
      const communicator = watchedCommunicator({
        begin: (sum) => {
          begun = sum;
        },
        wait: () => {
          if (begun?.type !== ELEMENT_TYPES.float32) return;
          const values = valuesOf(begun);
          values.set(values.map((value) => 2 * value));
        },
      });
      const run = await openReduction(device, communicator);
      expect(await run()).toBe(100);
    },
  );

  test.each([
    { when: 'begins', begin: 1, wait: 0, expected: ['begin'] },
    { when: 'ends', begin: 0, wait: -3, expected: ['begin', 'wait'] },
  ])('a sum that fails when it $when ends the run with the communicator’s error', async ({ begin, wait, expected }) => {
    const asked: string[] = [];
    const codes = { begin, wait };
    const answer = (what: 'begin' | 'wait') => () => {
      asked.push(what);
      return codes[what];
    };
    const run = await openReduction(device, watchedCommunicator({ begin: answer('begin'), wait: answer('wait') }));
    await expect(run()).rejects.toBe(FAILURE);
    expect(asked, 'nothing was asked of it afterwards').toEqual(expected);
    Object.assign(codes, { begin: 0, wait: 0 });
    expect(await run(), 'a run after it').toBe(25);
  });

  test('a world of one has nothing to sum', async () => {
    const run = await openReduction(device, singleProcess);
    expect(await run()).toBe(25);
  });
});

test('a program with collectives is never stopped half-way: other ranks wait for it', () => {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [COUNT]);
  const planned = () => plan(graph, layoutParameters(graph), { workspaceBytes: () => 0 });
  expect(planned().isAtomic).toBe(false);
  waitForCollectives(graph);
  expect(planned().isAtomic).toBe(true);
});
