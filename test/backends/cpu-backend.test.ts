import { describe, expect, onTestFinished, test } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { add } from '#minillm/engine/ops/add.js';
import { beginCollective } from '#minillm/engine/ops/collectives.js';
import { plan } from '#minillm/engine/plan.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { type Communicator, singleProcess } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { UserError } from '#minillm/support/errors.js';
import { watchedCommunicator } from '../engine/watched-communicator.ts';

const ROWS = 1024;
const C = 256;
/** Additions of a program that is long in running: more than a tenth of a second of them. */
const STEPS = 3000;

async function openBackend(threads = 2): Promise<Backend> {
  const backend = await openCpuBackend({ threads });
  onTestFinished(() => backend.close());
  return backend;
}

interface Counting {
  readonly steps: number;
  readonly communicator?: Communicator;
  /** Whether a signal must not end it, as its collectives would have it. */
  readonly isAtomic?: boolean;
}

/** A program that adds 1 `steps` times over, begins a sum of one number before and one of two after: result `last` (`steps`). */
function openCounting(backend: Backend, { steps, communicator = singleProcess, isAtomic = false }: Counting) {
  const graph = new Graph({ batch: 1, length: ROWS });
  graph.parameter('w', [2]);
  const one = graph.input('one', [1, ROWS, C], 'float32');
  let sum = graph.input('zero', [1, ROWS, C], 'float32');
  beginCollective('allReduce', graph.range('gradients', 0, 1));
  for (let step = 0; step < steps; step++) sum = add(sum, one);
  graph.result('last', sum);
  beginCollective('allReduce', graph.range('gradients', 0, 2));
  const layout = layoutParameters(graph);
  const count = { ...plan(graph, layout, backend), isAtomic };
  const program = new Session(backend, layout, { count }, communicator).program('count');
  const last = new Float32Array(ROWS * C);
  return {
    run: (signal?: AbortSignal) => program.run({ one: 1, zero: 0 }, { signal, results: { last } }),
    /** The numbers that are in the result of the last run that was completed. */
    last: () => new Set(last),
  };
}

describe('running', () => {
  test('JavaScript goes on while a program runs', async () => {
    const { run, last } = openCounting(await openBackend(1), { steps: STEPS });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const start = performance.now();
    expect(await run()).toBe('completed');
    const milliseconds = performance.now() - start;
    clearInterval(timer);
    expect(last()).toEqual(new Set([STEPS]));
    // a busy machine may leave the timer one turn in twenty
    expect(ticks).toBeGreaterThan(milliseconds / 20);
    expect(milliseconds, 'long enough to tell').toBeGreaterThan(100);
  });

  test('runs that are asked for at once follow each other', async () => {
    const begun: number[] = [];
    const communicator = watchedCommunicator({
      begin: ({ count }) => {
        begun.push(count);
      },
    });
    const { run, last } = openCounting(await openBackend(), { steps: 300, communicator });
    const settled: number[] = [];
    await Promise.all([0, 1, 2].map((index) => run().then(() => settled.push(index))));
    expect(begun).toEqual([1, 2, 1, 2, 1, 2]);
    expect(settled).toEqual([0, 1, 2]);
    expect(last()).toEqual(new Set([300]));
  });

  test('a signal ends a run between two launches, fills no result, and ends no other run', async () => {
    const begun: number[] = [];
    const abort = new AbortController();
    const communicator = watchedCommunicator({
      begin: ({ count }) => {
        if (begun.push(count) === 1) abort.abort();
      },
    });
    const { run, last } = openCounting(await openBackend(), { steps: 3, communicator });
    expect(await run(abort.signal)).toBe('stopped');
    expect(begun, 'the run did not come to its end').toEqual([1]);
    expect(last()).toEqual(new Set([0]));
    expect(await run(abort.signal), 'a signal that was aborted before').toBe('stopped');
    expect(begun).toEqual([1]);
    expect(await run()).toBe('completed');
    expect(begun).toEqual([1, 1, 2]);
    expect(last()).toEqual(new Set([3]));
  });

  test('no signal ends an atomic run that has begun', async () => {
    const begun: number[] = [];
    const abort = new AbortController();
    const communicator = watchedCommunicator({
      begin: ({ count }) => {
        if (begun.push(count) === 1) abort.abort();
      },
    });
    const { run, last } = openCounting(await openBackend(), { steps: 3, communicator, isAtomic: true });
    expect(await run(abort.signal)).toBe('completed');
    expect(begun).toEqual([1, 2]);
    expect(last()).toEqual(new Set([3]));
  });

  test('the seconds of each launch are added up', async () => {
    const backend = await openBackend();
    const graph = new Graph({ batch: 1, length: ROWS });
    graph.parameter('w', [1]);
    const input = (name: string) => graph.input(name, [1, ROWS, C], 'float32');
    graph.result('sum', add(add(input('a'), input('b')), input('a')));
    const layout = layoutParameters(graph);
    const program = new Session(backend, layout, { add: plan(graph, layout, backend) }).program('add');
    const seconds = new Float64Array(2);
    await program.run({ a: 1, b: 1 }, { seconds });
    expect(Math.min(...seconds)).toBeGreaterThan(0);
    const once = [...seconds];
    await program.run({}, { seconds });
    once.forEach((before, index) => {
      expect(seconds[index]).toBeGreaterThan(before);
    });
  });

  test('a program of another precision than the backend is refused', async () => {
    const graph = new Graph({ batch: 1, length: ROWS }, 'bf16');
    graph.parameter('w', [1]);
    const layout = layoutParameters(graph);
    const backend = await openBackend();
    expect(() => new Session(backend, layout, { empty: plan(graph, layout, backend) })).toThrow(/bf16 .* fp32/);
  });

  test('a program of no active rows computes nothing and ends', async () => {
    const graph = new Graph({ batch: 1, length: ROWS });
    graph.parameter('w', [1]);
    const input = (name: string) => graph.input(name, [1, ROWS, C], 'float32');
    graph.result('sum', add(input('a'), input('b')));
    const layout = layoutParameters(graph);
    const backend = await openBackend();
    const program = new Session(backend, layout, { add: plan(graph, layout, backend) }).program('add');
    const sum = new Float32Array(ROWS * C);
    expect(await program.run({ a: 1, b: 1 }, { batch: 0, results: { sum } })).toBe('completed');
    expect(new Set(sum)).toEqual(new Set([0]));
  });
});

describe('close()', () => {
  test('leaves nothing to run, and no memory to touch', async () => {
    const backend = await openCpuBackend({ threads: 2 });
    const buffer = backend.allocate(64, 'zero');
    const { run } = openCounting(backend, { steps: 3 });
    expect(backend.closed).toBe(false);
    await backend.close();
    await backend.close();
    expect(backend.closed).toBe(true);
    expect(await run()).toBe('stopped');
    await expect(backend.read(buffer, 0, new Int32Array(1))).rejects.toThrow(/closed/);
    await expect(backend.write(buffer, 0, new Int32Array(1))).rejects.toThrow(/closed/);
  });

  test.each([
    { isAtomic: false, outcome: 'stopped', last: 0 },
    { isAtomic: true, outcome: 'completed', last: 3 },
  ])(
    'waits for the run under way, ended early unless it is atomic ($isAtomic)',
    async ({ isAtomic, outcome, last }) => {
      const backend = await openCpuBackend({ threads: 2 });
      let closing: Promise<void> | undefined;
      const communicator = watchedCommunicator({
        begin: () => {
          closing ??= backend.close();
        },
      });
      const counting = openCounting(backend, { steps: 3, communicator, isAtomic });
      const running = counting.run();
      const waiting = counting.run();
      expect(await running).toBe(outcome);
      expect(counting.last()).toEqual(new Set([last]));
      expect(await waiting, 'a run that had not begun').toBe('stopped');
      await closing;
    },
  );
});

describe('memory', () => {
  test('is zeroed, holds what is written, and refuses what lies outside', async () => {
    const backend = await openBackend(1);
    const buffer = backend.allocate(64, 'zero');
    const values = new Int32Array(16).fill(-1);
    await backend.read(buffer, 0, values);
    expect(values.every((value) => value === 0)).toBe(true);

    await backend.write(buffer, 60, Int32Array.of(7));
    await backend.read(buffer, 0, values);
    expect([...values]).toEqual([...new Array<number>(15).fill(0), 7]);
    await expect(backend.write(buffer, 61, Int32Array.of(7))).rejects.toThrow(RangeError);
    await expect(backend.read(buffer, -4, values)).rejects.toThrow(RangeError);
    backend.free(buffer);
    await expect(backend.read(buffer, 0, values)).rejects.toThrow(/freed/);
  });

  test('of the device is known, and more than the system has is refused', async () => {
    const backend = await openBackend(1);
    const { total, available } = backend.memory();
    expect(available).toBeGreaterThan(0);
    expect(available).toBeLessThanOrEqual(total);
    expect(() => backend.allocate(2 ** 50, 'undefined')).toThrow(UserError);
  });
});

test.each([0, -1, 1.5, Number.NaN])('%d threads are refused', async (threads) => {
  await expect(openCpuBackend({ threads })).rejects.toThrow(UserError);
});
