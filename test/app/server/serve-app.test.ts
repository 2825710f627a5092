/** What stands around the API: keys, names, headers, loading, stopping. No model is needed for it. */

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listen } from '#minillm/app/server/listen.js';
import { type AccessOptions, serveApp } from '#minillm/app/server/serve-app.js';
import { type Api, ServerState } from '#minillm/app/server/server-state.js';
import { PRESETS } from '#minillm/model/presets.js';
import { metricsPath } from '#minillm/runs/metrics.js';
import { writeRunFacts } from '#minillm/runs/run-facts.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { openStream } from './event-stream.ts';

/** Answers every request; those to `/v1/slow` when `answer` is called. */
function standIn(): { api: Api; answer: () => void } {
  const app = new Hono();
  let answer = (): void => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  app.all('/v1/slow', (c) => slow.then(() => c.text('done')));
  app.all('*', (c) => c.text('done'));
  return { api: app, answer };
}

interface Served {
  readonly state: ServerState;
  readonly answer: () => void;
  get(path: string, init?: RequestInit): Promise<Response>;
}

async function serve(options: AccessOptions = {}, runFolder?: string): Promise<Served> {
  const state = new ServerState();
  const { api, answer } = standIn();
  state.api = api;
  const server = await listen(serveApp(state, '1.2.3', options, runFolder), {
    host: '127.0.0.1',
    port: 0,
    isFixed: true,
  });
  onTestFinished(() => server.close());
  return { state, answer, get: (path, init) => fetch(new URL(path, server.url), init) };
}

describe('an API key', () => {
  const PATHS = ['/v1/completions', '/v1/models', '/tokenize', '/detokenize', '/metrics', '/app/models.json', '/new'];
  test.each(PATHS)('guards %s', async (path) => {
    const { get } = await serve({ apiKey: 'secret' });
    const keys = ['', 'secret', 'Basic secret', 'Bearer', 'Bearer secre', 'Bearer secrets', 'Bearer SECRET'];
    for (const authorization of keys)
      for (const method of ['GET', 'POST', 'PUT']) {
        const response = await get(path, { method, headers: { authorization } });
        expect([authorization, method, response.status]).toEqual([authorization, method, 401]);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
        expect(((await response.json()) as { error: object }).error).toMatchObject({ code: 'invalid_api_key' });
      }
    for (const authorization of ['Bearer secret', 'bearer  secret'])
      expect((await get(path, { headers: { authorization } })).status).toBe(200);
  });

  test('is not needed to learn whether the server is there', async () => {
    const { get } = await serve({ apiKey: 'secret' });
    for (const path of ['/health', '/version', '/openapi.json', '/app/loading.json'])
      expect((await get(path)).status).toBe(200);
  });
});

describe("the run's page", () => {
  /** Asks without opening the stream. */
  const ask = (headers: Record<string, string>) => ({ method: 'HEAD', headers });

  test('needs no key, but its data do; it may load and ask nothing but this server', async () => {
    const { get } = await serve({ apiKey: 'secret' }, temporaryFolder());
    const page = await get('/run');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toContain('unsafe');
    const assets = [...(await page.text()).matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map(([, asset = '']) => asset);
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) expect([asset, (await get(asset)).status]).toEqual([asset, 200]);
    for (const key of ['', 'Bearer wrong'])
      expect((await get('/app/events', ask({ authorization: key }))).status).toBe(401);
    expect((await get('/app/events', ask({ authorization: 'Bearer secret' }))).status).toBe(200);
  });

  test('has its data while the models load, for pages of this server alone', async () => {
    const { get, state } = await serve({ corsOrigins: ['https://notes.example'] }, temporaryFolder());
    state.api = undefined;
    const next = await openStream((await get('/app/events', ask({}))).url);
    expect((await next()).name).toBe('runs');
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://notes.example' }])
      expect((await get('/app/events', ask(headers))).status).toBe(403);
  });

  test('tells what files are called and not where they are', async () => {
    const folder = temporaryFolder();
    const configuration = { data: '/home/someone/stories', out: folder, init: 'hf:owner/name', fork: '../other/run/' };
    await writeRunFacts(folder, PRESETS.tiny, { configuration, versions: {} });
    writeFileSync(metricsPath(folder), 'damaged\n');
    const { get } = await serve({}, folder);
    const next = await openStream((await get('/app/events', ask({}))).url);
    const [runs, problem] = [await next(), await next()];
    expect(runs.data).toMatchObject([
      { settings: { data: 'stories', out: basename(folder), init: 'hf:owner/name', fork: 'run' } },
    ]);
    expect(JSON.stringify(runs.data)).not.toMatch(/someone|other|tmp/);
    expect(problem).toMatchObject({
      name: 'problem',
      data: { message: expect.stringMatching(/^metrics\.jsonl: line 1/) },
    });
  });

  test('keeps no server from stopping', async () => {
    const { get, state } = await serve({}, temporaryFolder());
    await openStream((await get('/app/events', ask({}))).url);
    await state.stop(1e9);
  });

  test('is not there without a run', async () => {
    const { get, state } = await serve();
    state.api = new Hono();
    for (const path of ['/run', '/app/events']) expect((await get(path)).status).toBe(404);
  });
});

describe('a rate limit', () => {
  test('holds for each address, and says when to come again', async () => {
    const { get } = await serve({ rateLimit: 3 });
    const statuses: number[] = [];
    let last = new Response();
    for (let request = 0; request < 4; request++) {
      last = await get('/v1/completions', { method: 'POST' });
      statuses.push(last.status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    const seconds = Number(last.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(20);
    expect(await last.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
    expect((await get('/v1/models')).status).toBe(200);
  });
});

describe('other sites', () => {
  const ORIGIN = 'https://notes.example';
  const ask = { headers: { origin: ORIGIN } };
  const preflight = { method: 'OPTIONS', headers: { origin: ORIGIN, 'access-control-request-method': 'POST' } };

  test('get no permission', async () => {
    const { get } = await serve();
    for (const init of [ask, preflight])
      expect((await get('/v1/completions', init)).headers.has('access-control-allow-origin')).toBe(false);
  });

  test('that were named get it, for themselves alone, without their credentials', async () => {
    const { get } = await serve({ corsOrigins: [ORIGIN], apiKey: 'secret' });
    const { status, headers } = await get('/v1/completions', preflight);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(headers.get('access-control-allow-headers')).toMatch(/authorization, content-type/);
    expect(headers.has('access-control-allow-credentials')).toBe(false);
    expect((await get('/v1/models', ask)).headers.get('access-control-allow-origin')).toBe(ORIGIN);
    const other = await get('/v1/models', { headers: { origin: 'https://other.example' } });
    expect(other.headers.has('access-control-allow-origin')).toBe(false);
    expect(other.headers.get('vary')).toBe('Origin');
  });
});

test('every answer has the headers that keep browsers from misusing it, and a number', async () => {
  const { get, state } = await serve({ apiKey: 'secret' });
  const answers = [await get('/health'), await get('/v1/models'), await get('/none')];
  state.api = undefined;
  answers.push(await get('/health'));
  for (const { headers } of answers) {
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  }
  const named = await get('/health', { headers: { 'x-request-id': 'mine-1' } });
  expect(named.headers.get('x-request-id')).toBe('mine-1');
  const strange = await get('/health', { headers: { 'x-request-id': 'a b"<' } });
  expect(strange.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
});

test('while the models load, all but that is refused for now', async () => {
  const { get, state } = await serve();
  const { api } = state;
  state.api = undefined;
  state.message = 'loading book';
  const health = await get('/health');
  expect([health.status, await health.json()]).toEqual([503, { status: 'loading' }]);
  const refused = await get('/v1/models');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toMatchObject({ error: { code: 'server_not_ready', type: 'server_error' } });
  expect(await (await get('/app/loading.json')).json()).toEqual({ loading: true, message: 'loading book' });
  state.api = api;
  expect(await (await get('/app/loading.json')).json()).toEqual({ loading: false, message: '' });
  expect((await get('/v1/models')).status).toBe(200);
});

describe('a server that is to stop', () => {
  test('answers what was asked before, refuses the rest, then is done', async () => {
    const { get, state, answer } = await serve();
    const slow = get('/v1/slow');
    await expect.poll(() => state.requests).toBe(1);
    let isDone = false;
    const stopping = state.stop(1e6).then(() => {
      isDone = true;
    });
    const refused = await get('/v1/models');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await (await get('/health')).json()).toEqual({ status: 'stopping' });
    expect(isDone).toBe(false);
    answer();
    expect(await (await slow).text()).toBe('done');
    await stopping;
  });

  test('does not wait for ever', async () => {
    const { get, state, answer } = await serve();
    const slow = get('/v1/slow');
    await expect.poll(() => state.requests).toBe(1);
    await state.stop(1);
    answer();
    await slow;
  });
});
