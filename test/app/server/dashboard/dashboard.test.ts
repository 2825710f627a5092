import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { TrainColumns } from '#minillm/app/dashboard-stream.js';
import { dashboardApp } from '#minillm/app/server/dashboard/dashboard.js';
import {
  MAX_POINTS,
  MAX_STREAMS,
  POINTS_PER_EVENT,
  RETRY_AFTER_SECONDS,
} from '#minillm/app/server/dashboard/limits.js';
import { listen } from '#minillm/app/server/listen.js';
import { parameterCount } from '#minillm/model/flops.js';
import { PRESETS } from '#minillm/model/presets.js';
import { lockRunFolder } from '#minillm/runs/lock.js';
import { MetricsLog, metricsPath } from '#minillm/runs/metrics.js';
import { writeRunFacts } from '#minillm/runs/run-facts.js';
import { formatCount } from '#minillm/support/format.js';
import { trained } from '../../../runs/trained.ts';
import { testOnPosix } from '../../../support/posix.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { openStream, type StreamEvent } from '../event-stream.ts';

const LOCAL = { host: '127.0.0.1', port: 0, isFixed: false };

/** Serves runs until the test ends. */
async function serve(folders: readonly string[], address = LOCAL) {
  const information = new Map();
  const { url, close } = await listen(dashboardApp({ folders, information }), address);
  onTestFinished(close);
  return { url, information };
}

async function logged(folder: string, nextStep: number, ...steps: number[]): Promise<void> {
  const log = await MetricsLog.open(folder, nextStep);
  for (const step of steps) log.append(trained(step));
  log.close();
}

/** The next event of a part of a run's history. */
async function nextUpdate(next: () => Promise<StreamEvent>, part: string): Promise<StreamEvent> {
  for (let event = await next(); ; event = await next())
    if (event.name === 'update' && (event.data as { part: string }).part === part) return event;
}

test('a page that is opened late gets the history in columns, then what is new', async () => {
  const folder = temporaryFolder();
  await logged(folder, 0, 0, 1, 2);
  appendFileSync(
    metricsPath(folder),
    '{"kind":"eval","step":3,"validationLoss":2.5}\n{"kind":"sample","step":3,"text":"once"}\n',
  );
  const { url } = await serve([folder]);
  const next = await openStream(`${url}app/events`);
  expect(await next()).toMatchObject({ name: 'runs', data: [{ facts: [] }] });
  expect(await next()).toMatchObject({
    name: 'update',
    data: {
      ...{ run: 0, part: 'train', from: 0 },
      columns: { step: [0, 1, 2], loss: [10, 9, 8], lr: [6e-4, 6e-4, 6e-4], mfu: [0.4, 0.4, 0.4] },
    },
  });
  expect((await next()).data).toEqual({
    ...{ run: 0, part: 'evaluations', from: 0 },
    columns: { step: [3], validationLoss: [2.5], hellaswag: [null], hellaswagExamples: [null] },
  });
  expect((await next()).data).toEqual({
    ...{ run: 0, part: 'samples', from: 0 },
    columns: { step: [3], text: ['once'] },
  });
  appendFileSync(metricsPath(folder), `${JSON.stringify({ ...trained(3), loss: null })}\n`);
  expect((await next()).data).toMatchObject({ part: 'train', from: 3, columns: { step: [3], loss: [null] } });
});

test('a run of any length is sent in a bounded number of points, in events that each page can continue from', async () => {
  const folder = temporaryFolder();
  const steps = 2 * MAX_POINTS + 5;
  const lines = Array.from({ length: steps }, (_, step) => `${JSON.stringify({ ...trained(step), loss: step % 4 })}\n`);
  writeFileSync(metricsPath(folder), lines.join(''));
  const { url } = await serve([folder]);
  const next = await openStream(`${url}app/events`);
  const points: number[] = [];
  const told = 2 * POINTS_PER_EVENT;
  let half = '';
  while (points.at(-1) !== steps - 1) {
    const { data, id } = await nextUpdate(next, 'train');
    const { from, columns } = data as { from: number; columns: TrainColumns };
    expect([from, columns.step.length <= POINTS_PER_EVENT]).toEqual([points.length, true]);
    if (from === 0) expect([columns.loss[0], columns.lowestLoss[0], columns.highestLoss[0]]).toEqual([1.5, 0, 3]);
    points.push(...columns.step);
    if (points.length === told) half = id;
  }
  expect(points.length).toBeLessThanOrEqual(MAX_POINTS);
  expect(points.slice(0, 2)).toEqual([3, 7]);
  const again = await nextUpdate(await openStream(`${url}app/events?from=${half}`), 'train');
  expect(again.data).toMatchObject({
    ...{ from: told, columns: { step: points.slice(told, told + POINTS_PER_EVENT) } },
  });
  const forged = half.replace(/\.\d+/, '.999999');
  expect((await nextUpdate(await openStream(`${url}app/events?from=${forged}`), 'train')).data).toMatchObject({
    from: 0,
  });
});

test('what is read of a folder is cut to what a page can show', async () => {
  const folder = temporaryFolder();
  const [text, long] = ['a'.repeat(100_000), 'b'.repeat(600)];
  writeFileSync(metricsPath(folder), `${JSON.stringify({ kind: 'sample', step: 1, text })}\n`);
  const settings = Array.from({ length: 1000 }, (_, index) => [`setting ${index}`, index]);
  const configuration = { preset: { toString: 1 }, [long]: [text], data: text, ...Object.fromEntries(settings) };
  await writeRunFacts(folder, PRESETS.tiny, { configuration, versions: {} });
  const { url } = await serve([folder]);
  const next = await openStream(`${url}app/events`);
  const { data } = await next();
  expect(JSON.stringify(data).length).toBeLessThan(10_000);
  expect(data).toMatchObject([{ settings: { [`${long.slice(0, 500)}…`]: `["${'a'.repeat(498)}…` } }]);
  const sample = await nextUpdate(next, 'samples');
  expect(sample.data).toMatchObject({ columns: { text: [`${'a'.repeat(2000)}…`] } });
});

test('one page too many learns when to ask again, until one leaves', async () => {
  const { url } = await serve([temporaryFolder()]);
  const leaving = new AbortController();
  const open = (options: RequestInit = {}) => fetch(`${url}app/events`, options);
  const streams = await Promise.all(Array.from({ length: MAX_STREAMS }, () => open({ signal: leaving.signal })));
  onTestFinished(() => leaving.abort());
  expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
  for (const method of ['GET', 'HEAD']) {
    const { status, headers } = await open({ method });
    expect([status, headers.get('retry-after')]).toEqual([503, `${RETRY_AFTER_SECONDS}`]);
  }
  leaving.abort();
  await expect.poll(async () => (await open({ method: 'HEAD' })).status).toBe(200);
});

test('a page of another site is refused; this server’s own, and programs, are not', async () => {
  const { url } = await serve([temporaryFolder()]);
  const statusFor = async (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}app/events`, { method: 'HEAD', headers }, ({ statusCode }) => resolve(statusCode));
      asked.on('error', reject).end();
    });
  const { host, origin } = new URL(url);
  for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin, host }])
    expect([headers, await statusFor(headers)]).toEqual([headers, 200]);
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://elsewhere.example' },
    { origin: 'null' },
  ])
    expect([headers, await statusFor(headers)]).toEqual([headers, 403]);
});

test('a run without a checkpoint is sent with its settings', async () => {
  const folder = temporaryFolder();
  await logged(folder, 0, 0);
  const facts = {
    configuration: { preset: 'tiny', steps: 300, totalBatchSize: 1024 },
    versions: { minillm: '0.1.0', device: 'A Processor' },
  };
  await writeRunFacts(folder, PRESETS.tiny, facts);
  const { url } = await serve([folder]);
  const next = await openStream(`${url}app/events`);
  expect((await next()).data).toMatchObject([
    {
      ...{ steps: 300, tokensPerStep: 1024 },
      settings: { preset: 'tiny' },
      facts: [
        ['model', `tiny, ${formatCount(parameterCount(PRESETS.tiny))} parameters`],
        ['device', 'A Processor'],
        ['batch', '1,024 tokens a step'],
        ['made by', 'minillm 0.1.0'],
      ],
    },
  ]);
});

test('a page that connects again gets what it missed; after a rollback everything, so that no step stands twice', async () => {
  const folder = temporaryFolder();
  await logged(folder, 0, 0, 1, 2);
  const { url } = await serve([folder]);
  const first = await openStream(`${url}app/events`);
  await first();
  const { id } = await nextUpdate(first, 'samples');

  await logged(folder, 3, 3);
  for (const again of [
    await openStream(`${url}app/events`, { 'Last-Event-ID': id }),
    await openStream(`${url}app/events?from=${id}`),
  ]) {
    expect((await again()).name).toBe('runs');
    expect((await nextUpdate(again, 'train')).data).toMatchObject({ from: 3, columns: { step: [3] } });
  }

  expect((await nextUpdate(first, 'train')).data).toMatchObject({ from: 3, columns: { step: [3] } });
  await logged(folder, 1, 1);
  expect((await nextUpdate(first, 'train')).data).toMatchObject({ from: 0, columns: { step: [0, 1] } });
});

test('runs are told apart, one that cannot be read says why and hinders no other', async () => {
  const [good, bad] = [temporaryFolder(), temporaryFolder()];
  await logged(good, 0, 0);
  appendFileSync(metricsPath(bad), 'not JSON\n');
  const { url, information } = await serve([bad, good]);
  const next = await openStream(`${url}app/events`);
  expect((await next()).data).toHaveLength(2);
  expect(await next()).toMatchObject({ name: 'problem', data: { run: 0, message: expect.stringContaining(bad) } });
  while (JSON.stringify((await next()).data).includes('"run":0'));
  await nextUpdate(next, 'samples');
  information.set(good, { name: 'mine', steps: 7, facts: [['model', 'tiny']], settings: {} });
  expect(await next()).toMatchObject({ name: 'runs', data: [{}, { name: 'mine', steps: 7 }] });
});

// Windows says no more than that there is nothing in such a folder
testOnPosix('a folder in whose place there is a file hinders no other run', async () => {
  const [good, bad] = [temporaryFolder(), join(temporaryFolder(), 'file')];
  await logged(good, 0, 0);
  appendFileSync(bad, 'no folder\n');
  const { url } = await serve([bad, good]);
  const next = await openStream(`${url}app/events`);
  expect(await next()).toMatchObject({ name: 'runs', data: [{ isTraining: false }, { isTraining: false }] });
  expect(await next()).toMatchObject({ name: 'problem', data: { run: 0, message: expect.stringContaining(bad) } });
  await nextUpdate(next, 'samples');
  expect(await next()).toMatchObject({ name: 'update', data: { run: 1, part: 'train', columns: { step: [0] } } });
});

test('pages learn whether a run is training, and when that changes', async () => {
  const folder = temporaryFolder();
  await logged(folder, 0, 0);
  const { url } = await serve([folder]);
  const next = await openStream(`${url}app/events`);
  expect(await next()).toMatchObject({ name: 'runs', data: [{ isTraining: false }] });
  await nextUpdate(next, 'samples');
  const lock = lockRunFolder(folder);
  expect(await next()).toMatchObject({ name: 'runs', data: [{ isTraining: true }] });
  lock.release();
  expect(await next()).toMatchObject({ name: 'runs', data: [{ isTraining: false }] });
});

test('a run whose file is gone is a problem until it is back', async () => {
  const folder = temporaryFolder();
  await logged(folder, 0, 0);
  const { url } = await serve([folder]);
  const next = await openStream(`${url}app/events`);
  await nextUpdate(next, 'samples');
  renameSync(metricsPath(folder), join(folder, 'away'));
  expect(await next()).toMatchObject({ name: 'problem', data: { run: 0, message: expect.stringContaining('gone') } });
  renameSync(join(folder, 'away'), metricsPath(folder));
  expect(await next()).toMatchObject({ name: 'problem', data: { run: 0, message: null } });
});

test('the page is served whole, and lets a browser load nothing from elsewhere', async () => {
  const { url } = await serve([temporaryFolder()]);
  const response = await fetch(url);
  const page = await response.text();
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'/);
  const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const file of files) expect([file, (await fetch(new URL(file, url))).status]).toEqual([file, 200]);
  expect((await fetch(new URL('../../../../package.json', url))).status).toBe(404);
});

test('a request under another name than this machine’s is refused', async () => {
  const { url } = await serve([temporaryFolder()]);
  const status = await new Promise((resolve, reject) => {
    const asked = request(`${url}app/events`, { headers: { host: 'elsewhere.example' } }, ({ statusCode }) =>
      resolve(statusCode),
    );
    asked.on('error', reject).end();
  });
  expect(status).toBe(403);
});

test('a port that is taken is passed over for the next, unless it was asked for', async () => {
  const { url } = await serve([temporaryFolder()]);
  const port = Number(new URL(url).port);
  const other = await serve([temporaryFolder()], { ...LOCAL, port });
  expect(Number(new URL(other.url).port)).toBeGreaterThan(port);
  await expect(serve([temporaryFolder()], { ...LOCAL, port, isFixed: true })).rejects.toThrow(
    `${url}: could not serve there (another program listens there; choose another --port)`,
  );
});
