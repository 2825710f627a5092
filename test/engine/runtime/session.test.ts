import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openNullBackend } from '#minillm/backends/null/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters, type ParameterLayout } from '#minillm/engine/layout.js';
import { add } from '#minillm/engine/ops/add.js';
import { sumLosses } from '#minillm/engine/ops/sum-losses.js';
import { type Plan, plan } from '#minillm/engine/plan.js';
import type { Backend, Outcome } from '#minillm/engine/runtime/backend.js';
import { Session, sessionBytes } from '#minillm/engine/runtime/session.js';
import type { FlatBuffer } from '#minillm/engine/tensor.js';
import { bestDevices, openDevice } from '../devices.ts';

const TARGET = { networkPasses: [], gradientPasses: [], workspaceBytes: () => 0 };

function layoutOf(count: number): ParameterLayout {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [count]);
  return layoutParameters(graph, () => ({ name: '', state: [{ buffer: 'optimizer:momentum' }] }));
}

/** Adds the sum of the input x to the first number of a buffer. */
function planAddition(buffer: FlatBuffer, layout: ParameterLayout): Plan {
  const graph = new Graph({ batch: 1, length: 2 });
  sumLosses(graph.input('x', [1, 2], 'float32'), graph.range(buffer, 0, 1));
  return plan(graph, layout, TARGET);
}

/** Result `sum`: a + b. */
function planSum(layout: ParameterLayout): Plan {
  const graph = new Graph({ batch: 2, length: 1 });
  const input = (name: string) => graph.input(name, [2, 1, 1], 'float32');
  graph.result('sum', add(input('a'), input('b')));
  return plan(graph, layout, TARGET);
}

/** A backend without hardware that takes its time and records when each piece of work begins and ends. */
function openRecorder() {
  const events: string[] = [];
  const allocated: string[] = [];
  const freed: number[] = [];
  const inputs: Uint8Array[] = [];
  const answers: (Outcome | Error)[] = [];
  const nothing = openNullBackend(TARGET);
  const work = async (what: string): Promise<void> => {
    events.push(`${what} begins`);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    events.push(`${what} ends`);
  };
  const backend: Backend = {
    ...nothing,
    allocate: (bytes, contents) => {
      allocated.push(contents);
      return nothing.allocate(bytes, contents);
    },
    free: ({ address }) => {
      freed.push(address);
    },
    write: (_buffer, byteOffset) => work(`write at ${byteOffset}`),
    read: (_buffer, byteOffset) => work(`read at ${byteOffset}`),
    run: async (_executable, request) => {
      inputs.push(request.inputs.slice());
      await work('run');
      const answer = answers.shift() ?? 'completed';
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { backend, events, allocated, freed, inputs, answers, runs: () => inputs.length };
}

function openRecordedSession() {
  const recorder = openRecorder();
  const layout = layoutOf(4);
  const plans = {
    sum: planSum(layout),
    move: planAddition('parameters', layout),
    accumulate: planAddition('gradients', layout),
  };
  return { ...recorder, plans, layout, session: new Session(recorder.backend, layout, plans) };
}

const X = { x: Float32Array.of(1, 0) };

describe('turns', () => {
  test('writes, runs and reads follow each other in the order in which they were asked for', async () => {
    const { session, events } = openRecordedSession();
    const values = new Float32Array(1);
    await Promise.all([
      session.write('parameters', 'w', values),
      session.program('move').run(X),
      session.read('parameters', 'w', values, 2),
      session.program('sum').run({ a: 1, b: 2 }),
      session.write('parameters', 'w', values, 3),
    ]);
    const order = ['write at 0', 'run', 'read at 8', 'run', 'write at 12'];
    expect(events).toEqual(order.flatMap((what) => [`${what} begins`, `${what} ends`]));
  });

  test('one that fails does not hold up the next', async () => {
    const { session, events, answers } = openRecordedSession();
    const failure = new Error('a rank has gone');
    answers.push(failure);
    const failing = session.program('move').run(X);
    const next = session.read('parameters', 'w', new Float32Array(1));
    await expect(failing).rejects.toBe(failure);
    await next;
    expect(events.slice(-1)).toEqual(['read at 0 ends']);
    expect(await session.program('move').run(X)).toBe('completed');
  });

  describe.each(bestDevices)('$name', (device) => {
    test('what is asked for at once is done as if each had been awaited', async () => {
      const layout = layoutOf(1);
      const backend = await openDevice(device);
      const session = new Session(backend, layout, { move: planAddition('parameters', layout) });
      const [first, second] = [new Float32Array(1), new Float32Array(1)];
      await Promise.all([
        session.write('parameters', 'w', Float32Array.of(10)),
        session.program('move').run({ x: Float32Array.of(1, 2) }),
        session.read('parameters', 'w', first),
        session.write('parameters', 'w', Float32Array.of(20)),
        session.program('move').run({ x: Float32Array.of(3, 4) }),
        session.program('move').run({}),
        session.read('parameters', 'w', second),
      ]);
      expect([...first, ...second]).toEqual([13, 34]);
      session.close();
    });
  });
});

describe('refresh', () => {
  test('runs the first time, and then only when parameters have changed', async () => {
    const { session, runs } = openRecordedSession();
    const program = session.program('sum');
    await program.refresh();
    await program.refresh();
    expect(runs()).toBe(1);
    await session.write('gradients', 'w', new Float32Array(1));
    await session.program('accumulate').run(X);
    await session.read('parameters', 'w', new Float32Array(1));
    await program.refresh();
    expect(runs(), 'gradients are no parameters').toBe(2);
    await session.write('parameters', 'w', new Float32Array(1));
    await program.refresh();
    await program.refresh();
    expect(runs(), 'after a write').toBe(3);
    await session.program('move').run(X);
    await program.refresh();
    await program.refresh();
    expect(runs(), 'after an update').toBe(5);
    expect(await program.refresh()).toBe('completed');
  });

  test('sees a write that was asked for before it and has not been made', async () => {
    const { session, events } = openRecordedSession();
    const program = session.program('sum');
    await program.refresh();
    await Promise.all([session.write('parameters', 'w', new Float32Array(1)), program.refresh(), program.refresh()]);
    expect(events.filter((event) => event === 'run begins')).toHaveLength(2);
  });

  test('runs again after one that was stopped or failed', async () => {
    const { session, answers, runs } = openRecordedSession();
    const program = session.program('sum');
    answers.push('stopped', new Error('failed'));
    expect(await program.refresh()).toBe('stopped');
    await expect(program.refresh()).rejects.toThrow('failed');
    expect(await program.refresh()).toBe('completed');
    expect(runs()).toBe(3);
  });
});

describe('a run', () => {
  test('keeps the inputs that it is not given, and passes on the active extents', async () => {
    const { session, inputs, plans } = openRecordedSession();
    const program = session.program('sum');
    await program.run({ a: Float32Array.of(1, 2), b: 5 });
    await program.run({ b: Float32Array.of(7) }, { batch: 1 });
    const field = (run: number, name: string) => {
      const { byteOffset } = plans.sum.inputs.get(name)!;
      return [...new Float32Array(inputs[run]!.buffer, byteOffset, 2)];
    };
    const extents = inputs.map(({ buffer }) => [...new Int32Array(buffer, 0, 2)]);
    expect(extents).toEqual([
      [2, 1],
      [1, 1],
    ]);
    expect([field(0, 'a'), field(0, 'b')]).toEqual([
      [1, 2],
      [5, 5],
    ]);
    expect([field(1, 'a'), field(1, 'b')]).toEqual([
      [1, 2],
      [7, 5],
    ]);
  });

  test.each([
    ['an input that there is not', { c: 1 }, {}, 'no input c'],
    ['too many values', { a: new Float32Array(3) }, {}, 'a takes 2 values and got 3'],
    ['a result that there is not', {}, { results: { difference: new Float32Array(1) } }, 'no result difference'],
    ['more rows than it was planned for', {}, { batch: 3 }, '3×1 in a program for at most 2×1'],
  ])('is refused with %s', async (_case, inputs, options, message) => {
    const { session, runs } = openRecordedSession();
    await expect(session.program('sum').run(inputs, options)).rejects.toThrow(message);
    expect(runs()).toBe(0);
  });

  test('of a closed backend is stopped', async () => {
    const { session, backend, runs } = openRecordedSession();
    Object.assign(backend, { closed: true });
    expect(await session.program('sum').run({})).toBe('stopped');
    expect(runs()).toBe(0);
  });
});

describe('memory', () => {
  test('two names of one plan are one program, counted once', () => {
    const layout = layoutOf(4);
    const gradients = planAddition('gradients', layout);
    const { backend } = openRecorder();
    const session = new Session(backend, layout, { gradients, lastGradients: gradients });
    expect(session.program('lastGradients')).toBe(session.program('gradients'));
    expect(sessionBytes(layout, [gradients, gradients])).toEqual(sessionBytes(layout, [gradients]));
    session.close();
  });

  test('is that of the largest arena, all input blocks and the flat buffers that programs name', () => {
    const layout = layoutOf(4);
    const plans = [planSum(layout), planAddition('gradients', layout), planAddition('optimizer:momentum', layout)];
    expect([...sessionBytes(layout, plans)].sort()).toEqual([
      ['arena', plans[0]!.arenaBytes],
      ['gradients', 4 * layout.gradientCount],
      ['inputs', plans.reduce((sum, { inputBytes }) => sum + inputBytes, 0)],
      ['optimizer:momentum', 4 * layout.count],
      ['parameters', 4 * layout.count],
    ]);
  });

  test('begins at zero but for the arena, and is freed once', () => {
    const { session, allocated, freed } = openRecordedSession();
    expect(allocated.sort()).toEqual(['undefined', 'zero', 'zero']);
    session.close();
    session.close();
    expect(new Set(freed).size).toBe(3);
    expect(freed).toHaveLength(3);
  });

  test('that a session does not have is named', async () => {
    const { session } = openRecordedSession();
    await expect(session.read('optimizer:momentum', 'w', new Float32Array(1))).rejects.toThrow(
      'this session has no optimizer:momentum',
    );
  });
});
