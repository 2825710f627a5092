/** A page without a server: its requests go through messages to the engine, which answers as the server does. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { completionsApp } from '#minillm/app/server/completions/completions.js';
import { listen } from '#minillm/app/server/listen.js';
import type { Site } from '#minillm/app/tab/site.js';
import type { StoredModel } from '#minillm/app/tab/site-models.js';
import { openBackend } from '#minillm/backends/open.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { DeviceLost } from '#minillm/engine/runtime/device-lost.js';
import { openWeights } from '#minillm/generate/weights.js';
import { UserError } from '#minillm/support/errors.js';
import { openPool } from '../server/models/pools.ts';
import { smallRun } from '../server/models/small-run.ts';
import { openTab, siteOf, type Tab } from './tab.ts';

const folder = mkdtempSync(join(tmpdir(), 'minillm-test-'));
const RUN = join(folder, 'small');
const folderOf = (step: number): string => join(RUN, `step-${String(step).padStart(8, '0')}`);
let site: Site;

beforeAll(async () => {
  await smallRun(RUN, [4, 8]);
  site = await siteOf({ 4: folderOf(4), 8: folderOf(8) });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REQUEST = { prompt: 'Once upon', max_tokens: 6, temperature: 1, seed: 5, logprobs: 3 };

async function loadedTab(...given: Parameters<typeof openTab>): Promise<Tab> {
  const tab = openTab(...given);
  expect(await tab.load()).toBeUndefined();
  return tab;
}

const json = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>;
const choicesOf = async (answer: Response): Promise<unknown> => (await json(answer)).choices;

test('the answers are those of the server: whole, scored, streamed, of a checkpoint', async () => {
  const tab = await loadedTab(site);
  const pool = await openPool(RUN, 'untrained');
  const server = await listen(completionsApp(pool), { host: '127.0.0.1', port: 0, isFixed: true });
  onTestFinished(async () => {
    await server.close();
    await pool.close();
  });
  const ask = (body: object): Promise<Response> =>
    fetch(`${server.url}v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  for (const [model, other] of [
    ['small', 'small'],
    ['small@4', 'small@4'],
  ] as const) {
    const body = { ...REQUEST, n: 2 };
    expect(await choicesOf(await tab.post({ ...body, model }))).toEqual(
      await choicesOf(await ask({ ...body, model: other })),
    );
  }
  const score = { prompt: 'The sea', echo: true, max_tokens: 0, logprobs: 2 };
  expect(await choicesOf(await tab.post(score))).toEqual(await choicesOf(await ask(score)));
  const texts = async (answer: Response): Promise<unknown[]> =>
    (await answer.text())
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => (JSON.parse(event.slice('data: '.length)) as { choices: unknown }).choices);
  const stream = { ...REQUEST, stream: true };
  const streamed = await tab.post(stream);
  expect(streamed.headers.get('content-type')).toBe('text/event-stream');
  const pieces = await texts(streamed);
  expect(pieces.length).toBeGreaterThan(6);
  expect(pieces).toEqual(await texts(await ask(stream)));
});

test('the page is told of the models, their checkpoints, tokens and device', async () => {
  const tab = await loadedTab(site);
  expect(await json(await tab.send('app/models.json'))).toMatchObject({
    ...{ main: 'small', compared: 'untrained', hasRun: false, precision: 'fp32', curve: [{ step: 1, loss: 4 }] },
    steps: [
      { step: 4, id: 'small@4', validationLoss: 3 },
      { step: 8, id: 'small@8', validationLoss: 3 },
    ],
  });
  expect(await json(await tab.send('app/tokens.json?ids=464,5417'))).toEqual({ 464: 'The', 5417: ' sea' });
  expect(await json(await tab.send('app/tab.json'))).toEqual({
    device: expect.stringContaining('1 thread'),
    missing: null,
    weights: null,
  });
});

test('bad requests and unknown paths are refused as the server refuses them', async () => {
  const tab = await loadedTab(site);
  const refused = await tab.post({ prompt: 'a', temperature: 9 });
  expect(refused.status).toBe(400);
  expect(await json(refused)).toMatchObject({ error: { param: 'temperature' } });
  expect((await tab.post({ prompt: 'a', model: 'other' })).status).toBe(404);
  expect((await tab.send('elsewhere')).status).toBe(404);
});

test('a reader who leaves ends the text, and the next one is written', async () => {
  const tab = await loadedTab(site);
  const controller = new AbortController();
  const response = await tab.post({ prompt: 'a', max_tokens: 31, ignore_eos: true, stream: true }, controller.signal);
  const reader = response.body?.getReader();
  await reader?.read();
  controller.abort();
  await expect(reader?.read()).rejects.toThrow('aborted');
  expect(await choicesOf(await tab.post(REQUEST))).toHaveLength(1);
  const ids = tab.messages.flatMap((message) => (message.kind === 'head' ? [message.id] : []));
  const [left] = ids.slice(-2);
  const sent = tab.messages.filter((message) => message.kind === 'piece' && message.id === left);
  expect(sent.length).toBeLessThan(31);
  expect(tab.messages).not.toContainEqual({ kind: 'end', id: left });
});

test('weights that cannot be read are told once, and the next try reads them', async () => {
  const openOnce = vi
    .fn(({ file }: StoredModel) => openWeights(file.folder))
    .mockRejectedValueOnce(new UserError('model.safetensors: the connection was cut; try again'));
  const tab = openTab(site, { openWeights: openOnce });
  expect(await tab.load()).toBe('model.safetensors: the connection was cut; try again');
  expect(await tab.load()).toBeUndefined();
  expect(await choicesOf(await tab.post(REQUEST))).toHaveLength(1);
});

test('a checkpoint that cannot be read is one sentence, and the next try reads it', async () => {
  const openOnce = vi.fn(({ file }: StoredModel) => openWeights(file.folder));
  const tab = await loadedTab(site, { openWeights: openOnce });
  openOnce.mockRejectedValueOnce(new UserError('the connection was cut; try again'));
  const refused = await tab.post({ ...REQUEST, model: 'small@4' });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, null]);
  expect(await json(refused)).toMatchObject({ error: { message: 'the connection was cut; try again' } });
  expect((await tab.post({ ...REQUEST, model: 'small@4' })).status).toBe(200);
});

test('without a device there is one sentence, and the next try opens one', async () => {
  const openOnce = vi
    .fn(() => openBackend({ threads: 1, device: 'cpu' }))
    .mockRejectedValueOnce(
      new UserError('expected WebAssembly with SIMD, found an engine without it; use a newer browser'),
    );
  const tab = openTab(site, { openBackend: openOnce });
  expect(await tab.load()).toMatch(/without it; use a newer browser$/);
  expect(await tab.load()).toBeUndefined();
  await (await openOnce.mock.results.at(-1)?.value)?.close();
});

test.each([false, true])(
  'a device that is lost is one sentence, and the next try opens another (streamed: %s)',
  async (stream) => {
    const opened: Backend[] = [];
    const tab = await loadedTab(site, {
      async openBackend() {
        const backend = await openBackend({ threads: 1, device: 'cpu' });
        onTestFinished(() => backend.close());
        opened.push(backend);
        return backend;
      },
    });
    vi.spyOn(opened[0]!, 'run').mockRejectedValue(new DeviceLost('a thread has failed; try again'));
    const answer = await tab.post({ ...REQUEST, stream });
    expect(answer.status).toBe(stream ? 200 : 503);
    expect(await answer.text()).toContain('"message":"a thread has failed; try again"');
    expect(await choicesOf(await tab.post(REQUEST))).toHaveLength(1);
    expect(opened).toHaveLength(2);
  },
);

test('a device that is lost while models load is one sentence, and the next try opens another', async () => {
  const opened: Backend[] = [];
  const tab = openTab(site, {
    async openBackend() {
      const backend = await openBackend({ threads: 1, device: 'cpu' });
      onTestFinished(() => backend.close());
      if (opened.length === 0)
        vi.spyOn(backend, 'write').mockRejectedValue(new DeviceLost('a thread has failed; try again'));
      opened.push(backend);
      return backend;
    },
  });
  expect(await tab.load()).toBe('a thread has failed; try again');
  expect(await tab.load()).toBeUndefined();
});

test('memory that the tab does not get is told as such', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const openWeightsOnce = vi.fn().mockRejectedValueOnce(new RangeError('Array buffer allocation failed'));
  const tab = openTab(site, { openWeights: openWeightsOnce });
  expect(await tab.load()).toMatch(/^this tab has too little memory \(Array buffer allocation failed\); close others/);
});

test('a model that does not fit beside the main one is left out, and the page says so', async () => {
  const tab = await loadedTab(site, {
    async openBackend() {
      const backend = await openBackend({ threads: 1, device: 'cpu' });
      onTestFinished(() => backend.close());
      const { total, available } = backend.memory();
      vi.spyOn(backend, 'memory')
        .mockReturnValueOnce({ total, available })
        .mockReturnValue({ total: 1e9, available: 1e3 });
      return backend;
    },
  });
  expect(await json(await tab.send('app/models.json'))).toMatchObject({ compared: null });
  expect(await json(await tab.send('app/tab.json'))).toMatchObject({
    missing: expect.stringMatching(/^without untrained: /),
  });
});

test('progress is told in words while weights are read', async () => {
  const tab = await loadedTab(site, {
    async openWeights({ file }, onProgress) {
      onProgress(4.5e6, false);
      onProgress(24.8e6, true);
      return openWeights(file.folder);
    },
  });
  const doing = tab.messages.flatMap((message) => (message.kind === 'doing' ? [message.message] : []));
  expect(doing).toContain('loading small: 4.5 of 25 MB');
  expect(doing).toContain("loading small from this browser's cache: 25 of 25 MB");
  expect(doing.at(-1)).toBe('');
});
