/** @file The WebAssembly backend where threads share memory, and where they cannot. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openWasmBackend, type Thread, type WasmHost } from '#minillm/backends/wasm/backend.js';
import { openWasmInNode } from '#minillm/backends/wasm/open-in-node.js';
import type { ThreadAnswer } from '#minillm/backends/wasm/thread.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { plan } from '#minillm/engine/plan.js';
import { DeviceLost } from '#minillm/engine/runtime/device-lost.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { UserError } from '#minillm/support/errors.js';

/** A browser whose page is not isolated from other origins: no memory is shared. */
const alone: WasmHost = {
  processors: 8,
  load: async (variant, precision) =>
    Uint8Array.from(
      await readFile(
        fileURLToPath(new URL(`../../../dist/backends/wasm/${variant}-${precision}.wasm`, import.meta.url)),
      ),
    ),
  start: undefined,
  memory: () => undefined,
};

test('without shared memory a team of one works in the calling thread', async () => {
  const backend = await openWasmBackend({ variant: 'simd128' }, alone);
  expect(backend.description).toBe('WebAssembly, 1 thread, simd128');
  expect(await backend.peak()).toBeGreaterThan(0);
  await expect(openWasmBackend({ threads: 2 }, alone)).rejects.toThrow(UserError);
  await backend.close();
});

test('a team of one lets others have their turn between two runs', async () => {
  const backend = await openWasmBackend({}, alone);
  let turns = 0;
  const turn = (): void => {
    turns++;
    if (!backend.closed) setImmediate(turn);
  };
  setImmediate(turn);
  const graph = new Graph({ batch: 1, length: 1 });
  const session = new Session(backend, layoutParameters(graph), {
    nothing: plan(graph, layoutParameters(graph), backend),
  });
  const before = turns;
  for (let run = 0; run < 10; run++) await session.program('nothing').run({});
  expect(turns - before).toBeGreaterThan(4);
  await backend.close();
});

test('an engine without SIMD is told so', async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
  onTestFinished(() => void vi.restoreAllMocks());
  await expect(openWasmBackend({}, alone)).rejects.toThrow(
    /^expected WebAssembly with SIMD, found an engine without it; /,
  );
});

test.each([0, 8, 1000, 150_000])(
  'kernels cut off after %i bytes are reported as such, and not taken from a cache again',
  async (bytes) => {
    const cut: WasmHost = { ...alone, load: async (...which) => (await alone.load(...which)).slice(0, bytes) };
    await expect(openWasmBackend({}, cut)).rejects.toThrow(
      /^the kernels \(.*-fp32\.wasm\) came damaged or cut off; try again/,
    );
    const cached: WasmHost = {
      ...alone,
      load: (variant, precision, isRetry) => (isRetry ? alone : cut).load(variant, precision, isRetry),
    };
    await (await openWasmBackend({}, cached)).close();
  },
);

/** A thread that fails at a message. */
const failingAt = (kind: 'start' | 'run'): Thread => ({
  post(message) {
    const isStart = 'module' in message;
    const answer: ThreadAnswer =
      isStart && kind === 'run' ? { kind: 'ready' } : { kind: 'failed', message: 'out of memory' };
    queueMicrotask(() => this.onAnswer(answer));
  },
  onAnswer: () => {},
  hold: () => {},
  end: () => {},
});

test('a thread that cannot be started is a lost device', async () => {
  const opening = openWasmBackend({ threads: 2 }, { ...alone, start: () => failingAt('start') });
  await expect(opening).rejects.toThrow(DeviceLost);
  await expect(opening).rejects.toThrow('a thread of WebAssembly has failed (out of memory); try again');
});

test('a thread that fails at a run is a lost device, which closes', async () => {
  const backend = await openWasmBackend({ threads: 2 }, { ...alone, start: () => failingAt('run') });
  for (const _ of [1, 2]) await expect(backend.peak()).rejects.toThrow(DeviceLost);
  await backend.close();
});

test('threads are started and end with the backend', async () => {
  const backend = await openWasmInNode({ threads: 3 });
  expect(backend.description).toMatch(/^WebAssembly, 3 threads, /);
  expect(await backend.peak()).toBeGreaterThan(0);
  await backend.close();
  await backend.close();
});
