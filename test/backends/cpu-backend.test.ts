import { describe, expect, onTestFinished, test } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { add } from '#minillm/engine/ops/add.js';
import { allReduce } from '#minillm/engine/ops/all-reduce.js';
import { plan } from '#minillm/engine/plan.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { UserError } from '#minillm/support/errors.js';
import { watchedCommunicator } from '../engine/reduce-callback.ts';

const ROWS = 1024;
const C = 256;
/** Additions of a program that is not meant to reach its end: more than a tenth of a second of them. */
const STEPS = 3000;

async function openBackend(threads = 2): Promise<Backend> {
  const backend = await openCpuBackend({ threads });
  onTestFinished(() => backend.close());
  return backend;
}

/**
 * A program that adds 1 `steps` times over, signalling bucket 0 before and bucket 1 behind: results `first` (1) and
 * `last` (`steps`).
 */
function openCounting(backend: Backend, steps: number, communicator?: Communicator) {
  const graph = new Graph({ batch: 1, length: ROWS });
  const gradient = graph.gradientOf(graph.parameter('w', [1]));
  const active = graph.input('active', [], 'int32');
  const one = graph.input('one', [1, ROWS, C], 'float32');
  let sum = graph.input('zero', [1, ROWS, C], 'float32');
  allReduce(gradient, active, 0);
  for (let step = 0; step < steps; step++) {
    sum = add(sum, one);
    if (step === 0) graph.result('first', sum);
  }
  graph.result('last', sum);
  allReduce(gradient, active, 1);
  const layout = layoutParameters(graph);
  const program = new Session(backend, layout, { count: plan(graph, layout) }, communicator).program('count');
  const values = (name: string): ReadonlySet<number> => {
    const target = new Float32Array(ROWS * C);
    program.read(name, target);
    return new Set(target);
  };
  const run = (signal?: AbortSignal) => program.run({ active: 1, one: 1, zero: 0 }, { signal });
  return { run, values };
}

describe('running', () => {
  test('JavaScript goes on while a program runs', async () => {
    const { run, values } = openCounting(await openBackend(1), STEPS);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const start = performance.now();
    expect(await run()).toBe('completed');
    const milliseconds = performance.now() - start;
    clearInterval(timer);
    expect(values('last')).toEqual(new Set([STEPS]));
    // a busy machine may leave the timer one turn in twenty
    expect(ticks).toBeGreaterThan(milliseconds / 20);
    expect(milliseconds, 'long enough to tell').toBeGreaterThan(100);
  });

  test('runs that are asked for at once follow each other', async () => {
    const signals: number[] = [];
    const communicator = watchedCommunicator(0, ({ bucket }) => signals.push(bucket));
    const { run, values } = openCounting(await openBackend(), 300, communicator);
    const settled: number[] = [];
    await Promise.all([0, 1, 2].map((index) => run().then(() => settled.push(index))));
    expect(signals).toEqual([0, 1, 0, 1, 0, 1]);
    expect(settled).toEqual([0, 1, 2]);
    expect(values('last')).toEqual(new Set([300]));
  });

  test('a signal ends a run between two launches, and no other run', async () => {
    const backend = await openBackend();
    const signals: number[] = [];
    const abort = new AbortController();
    const communicator = watchedCommunicator(0, ({ bucket }) => {
      if (signals.push(bucket) === 1) setTimeout(() => abort.abort(), 5);
    });
    const { run, values } = openCounting(backend, STEPS, communicator);
    expect(await run(abort.signal)).toBe('stopped');
    expect(signals, 'the run did not come to its end').toEqual([0]);
    expect(values('first'), 'the launch that was under way was finished').toEqual(new Set([1]));
    expect(values('last')).not.toContain(STEPS);
    expect(await run(abort.signal), 'a signal that was aborted before').toBe('stopped');
    expect(await run()).toBe('completed');
    expect(signals).toEqual([0, 0, 1]);
  });

  test('a program of another precision than the backend is refused', async () => {
    const graph = new Graph({ batch: 1, length: ROWS }, 'bf16');
    graph.parameter('w', [1]);
    const layout = layoutParameters(graph);
    const backend = await openBackend();
    expect(() => new Session(backend, layout, { empty: plan(graph, layout) })).toThrow(/bf16 .* fp32/);
  });

  test('a closed backend runs nothing, and its memory cannot be touched', async () => {
    const backend = await openCpuBackend({ threads: 2 });
    const { run, values } = openCounting(backend, 3);
    await backend.close();
    await backend.close();
    expect(await run()).toBe('stopped');
    expect(() => values('last')).toThrow(/closed/);
  });

  test('close() stops what runs and waits for it', async () => {
    const backend = await openCpuBackend({ threads: 2 });
    const { run } = openCounting(backend, STEPS);
    const running = run();
    await backend.close();
    expect(await running).toBe('stopped');
  });

  test('a program of no active rows computes nothing and ends', async () => {
    const graph = new Graph({ batch: 1, length: ROWS });
    graph.parameter('w', [1]);
    const input = (name: string) => graph.input(name, [1, ROWS, C], 'float32');
    graph.result('sum', add(input('a'), input('b')));
    const layout = layoutParameters(graph);
    const program = new Session(await openBackend(), layout, { add: plan(graph, layout) }).program('add');
    expect(await program.run({ a: 1, b: 1 }, { batch: 0 })).toBe('completed');
    const sum = new Float32Array(ROWS * C);
    program.read('sum', sum);
    expect(new Set(sum)).toEqual(new Set([0]));
  });
});

describe('memory', () => {
  test('is zeroed, holds what is written, and refuses what lies outside', async () => {
    const backend = await openBackend(1);
    const buffer = backend.allocate(64);
    const values = new Int32Array(16).fill(-1);
    backend.read(buffer, 0, values);
    expect(values.every((value) => value === 0)).toBe(true);

    backend.write(buffer, 60, Int32Array.of(7));
    backend.read(buffer, 0, values);
    expect([...values]).toEqual([...new Array<number>(15).fill(0), 7]);
    expect(() => backend.write(buffer, 61, Int32Array.of(7))).toThrow(RangeError);
    expect(() => backend.read(buffer, -4, values)).toThrow(RangeError);
    backend.free(buffer);
  });

  test('of the device is known, and more than the system has is refused', async () => {
    const backend = await openBackend(1);
    const { total, available } = backend.memory();
    expect(available).toBeGreaterThan(0);
    expect(available).toBeLessThanOrEqual(total);
    expect(() => backend.allocate(2 ** 50)).toThrow(UserError);
  });
});

test.each([0, -1, 1.5, Number.NaN])('%d threads are refused', async (threads) => {
  await expect(openCpuBackend({ threads })).rejects.toThrow(UserError);
});
