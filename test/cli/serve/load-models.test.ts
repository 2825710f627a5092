/** What `minillm serve` says while its models load, and what it does without when memory is short. */

import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ModelPool } from '#minillm/app/server/models/model-pool.js';
import { comparedSource, type MainSource, mainSource } from '#minillm/app/server/models/model-source.js';
import { openBackend } from '#minillm/backends/open.js';
import { loadModels } from '#minillm/cli/serve/load-models.js';
import { smallRun } from '../../app/server/models/small-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface Loading {
  readonly main: MainSource;
  readonly pool: ModelPool;
  readonly log: () => unknown[][];
  /** Takes all of the device's memory but so many bytes. */
  leave(bytes: number): void;
}

async function loading(): Promise<Loading> {
  const folder = join(temporaryFolder(), 'book');
  await smallRun(folder, [2, 4]);
  const main = await mainSource(folder, folder);
  const backend = await openBackend({ threads: 1 });
  const pool = new ModelPool(backend, 'fp32', main);
  onTestFinished(() => pool.close());
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => error.mockRestore());
  const leave = (available: number): void =>
    void vi.spyOn(backend, 'memory').mockReturnValue({ total: 16e9, available });
  return { main, pool, log: () => error.mock.calls, leave };
}

test('each model is named while it loads', async () => {
  const { main, pool, log } = await loading();
  const shown: [message: string, loaded: number][] = [];
  const show = (message: string): void => void shown.push([message, pool.models.length]);
  const compared = await comparedSource(main, 'untrained', 'untrained');
  await loadModels(pool, compared, { isComparedNeeded: false, show });
  expect(shown).toEqual([
    ['loading book', 0],
    ['loading untrained', 1],
  ]);
  expect(pool.compared?.id).toBe('untrained');
  expect(log()).toEqual([]);
});

test('a load that takes long is told of every second, so that a log says something of it', async () => {
  const { pool } = await loading();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let loaded = (): void => {};
  vi.spyOn(pool, 'loadMain').mockReturnValue(new Promise((resolve) => (loaded = resolve)));
  const shown: string[] = [];
  const loads = loadModels(pool, undefined, { isComparedNeeded: false, show: (message) => shown.push(message) });
  vi.advanceTimersByTime(3000);
  loaded();
  await loads;
  vi.advanceTimersByTime(3000);
  expect(shown).toEqual(Array(4).fill('loading book'));
});

test('without room for the untrained model the server says so in one line and goes on without it', async () => {
  const { main, pool, log, leave } = await loading();
  const compared = await comparedSource(main, 'untrained', 'untrained');
  const show = (message: string): void => {
    if (message === 'loading untrained') leave(1e6);
  };
  await loadModels(pool, compared, { isComparedNeeded: false, show });
  expect(log()).toEqual([
    [expect.stringMatching(/^minillm: serving untrained needs .* MB, the device has 1\.00 MB; /)],
  ]);
  expect(log()[0]?.[0]).toMatch(/serve a smaller model, or fewer; going on without untrained$/);
  expect([pool.compared, pool.models.length]).toEqual([undefined, 1]);
  expect((await pool.list()).map(({ id }) => id)).not.toContain('untrained');
});

test('a model that was asked for must fit, and so must the main one', async () => {
  const { main, pool, leave } = await loading();
  const compared = await comparedSource(main, 'untrained', 'untrained');
  const show = (message: string): void => {
    if (message === 'loading untrained') leave(1e6);
  };
  await expect(loadModels(pool, compared, { isComparedNeeded: true, show })).rejects.toThrow(
    /^serving untrained needs/,
  );
  const other = await loading();
  other.leave(1e6);
  await expect(loadModels(other.pool, undefined, { isComparedNeeded: false, show })).rejects.toThrow(/^serving .*book/);
});
