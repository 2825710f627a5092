import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { download } from '#minillm/hub/download.js';
import type { Hub, Patience } from '#minillm/hub/hub.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { Fault, HubRequest } from './fake-hub.ts';
import { fakeHub, hubAt, listed, NEVER, repositoryAt, someBytes } from './hubs.ts';

const NAME = 'data/one.parquet';
const CONTENT = someBytes(200_000);

/** Downloads the file from a server with these faults. */
async function downloadWith(
  faults: (request: HubRequest) => Fault | undefined,
  { options = {}, folder = temporaryFolder() }: { options?: Partial<Hub>; folder?: string } = {},
) {
  const server = await fakeHub({ [NAME]: CONTENT }, { faults });
  const waits: string[] = [];
  const hub = hubAt(server, { onWait: (reason) => waits.push(reason), ...options });
  const path = join(folder, NAME);
  const progress: number[] = [];
  const onProgress = (bytes: number): void => void progress.push(bytes);
  const repository = await repositoryAt(hub);
  const run = (signal = NEVER) => download(hub, repository, listed(NAME, CONTENT), path, { signal, onProgress });
  const bytes = () => server.requests.filter(({ stage }) => stage === 'bytes');
  return { run, path, progress, waits, bytes, server, folder };
}

const patience = (given: Partial<Patience>): Patience => ({
  tries: 4,
  firstWaitMilliseconds: 1,
  silenceMilliseconds: 30_000,
  ...given,
});

/** A fault of the first `times` requests for bytes. */
const atFirst =
  (fault: Fault, times = 1) =>
  ({ stage, attempt }: HubRequest) =>
    stage === 'bytes' && attempt <= times ? fault : undefined;

test('a file comes whole, under its name alone, and is not asked for again', async () => {
  const { run, path, progress, bytes, folder } = await downloadWith(() => undefined);
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(readdirSync(join(folder, 'data'))).toEqual(['one.parquet']);
  expect(progress.at(-1)).toBe(CONTENT.length);
  await run();
  expect(bytes().length).toBe(1);
});

test('after a cut in the middle it goes on where it was', async () => {
  const { run, path, bytes } = await downloadWith(atFirst({ kind: 'cut', after: 120_000 }));
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  const start = Number(/^bytes=(\d+)-$/.exec(bytes()[1]?.range ?? '')?.[1]);
  expect(start).toBeGreaterThan(0);
  expect(start).toBeLessThanOrEqual(120_000);
});

test('cuts that each leave something do not use up the tries', async () => {
  const { run, path, bytes } = await downloadWith(atFirst({ kind: 'cut', after: 20_000 }, 8));
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(bytes().length).toBeGreaterThan(4);
});

test('continues what an earlier process left', async () => {
  const { run, path, bytes } = await downloadWith(atFirst({ kind: 'cut', after: 100_000 }), {
    options: { patience: patience({ tries: 1 }) },
  });
  await expect(run()).rejects.toThrow('what has been downloaded is kept');
  expect(existsSync(path)).toBe(false);
  const left = readFileSync(`${path}.partial`).length;
  expect(left).toBeGreaterThan(0);
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(bytes()[1]?.range).toBe(`bytes=${left}-`);
});

test('a partial file with other bytes is found out and downloaded again', async () => {
  const { run, path, waits, bytes } = await downloadWith(() => undefined);
  mkdirSync(dirname(path));
  writeFileSync(`${path}.partial`, someBytes(50_000, 2));
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(waits[0]).toMatch(/expected sha256 .*; downloading it again/);
  expect(bytes().map(({ range }) => range)).toEqual(['bytes=50000-', undefined]);
});

test('a server that ignores ranges is read from the first byte on', async () => {
  const { run, path } = await downloadWith(({ stage, attempt }) => {
    if (stage !== 'bytes') return undefined;
    return attempt === 1 ? { kind: 'cut', after: 120_000 } : { kind: 'no range' };
  });
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
});

test('a Retry-After is waited for', async () => {
  const { run, waits, path } = await downloadWith(
    atFirst({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }),
  );
  const start = performance.now();
  await run();
  expect(performance.now() - start).toBeGreaterThan(950);
  expect(waits).toEqual(['the hub answers 429 Too Many Requests']);
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
});

test('errors of the server pass, until there are too many in a row', async () => {
  const { run } = await downloadWith(atFirst({ kind: 'status', status: 500 }, 3));
  await run();
  const { run: runWorse } = await downloadWith(atFirst({ kind: 'status', status: 503 }, 4));
  await expect(runWorse()).rejects.toThrow(
    /^owner\/name: data\/one\.parquet: the hub answers 503 Service Unavailable, 4 times in a row; start it again later/,
  );
});

test('the connection may break before the answer begins', async () => {
  const { run, path } = await downloadWith(atFirst({ kind: 'cut', after: 0 }, 2));
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
});

test('a silent connection is given up and tried again', async () => {
  const { run, path, waits } = await downloadWith(atFirst({ kind: 'silence', after: 50_000 }), {
    options: { patience: patience({ tries: 100, silenceMilliseconds: 300 }) },
  });
  await run();
  expect(waits[0]).toBe('nothing moved for 0.3 s');
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
});

test('a slow one is not, as long as something comes', async () => {
  const silenceMilliseconds = 2000;
  const { run, waits, bytes } = await downloadWith(
    atFirst({ kind: 'trickle', bytes: CONTENT.length / 8, milliseconds: 300 }),
    { options: { patience: patience({ silenceMilliseconds }) } },
  );
  const start = performance.now();
  await run();
  expect(performance.now() - start).toBeGreaterThan(silenceMilliseconds);
  expect(waits).toEqual([]);
  expect(bytes().length).toBe(1);
});

test('a short answer that claims to be whole is completed', async () => {
  const { run, path } = await downloadWith(atFirst({ kind: 'short', after: 199_999 }));
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
});

test('a file of another length than listed is an error with both lengths', async () => {
  const server = await fakeHub({ [NAME]: CONTENT });
  const hub = hubAt(server);
  const path = join(temporaryFolder(), NAME);
  const repository = await repositoryAt(hub);
  const longer = listed(NAME, Buffer.concat([CONTENT, Buffer.alloc(1000)]));
  await expect(download(hub, repository, longer, path, { signal: NEVER })).rejects.toThrow(
    'owner/name: data/one.parquet: expected 201000 bytes, found no more than 200000, 3 times',
  );
  const shorter = listed(NAME, CONTENT.subarray(0, 100));
  await expect(download(hub, repository, shorter, path, { signal: NEVER })).rejects.toThrow(
    'expected 100 bytes, found more, 3 times',
  );
  expect(existsSync(path)).toBe(false);
});

test('wrong content is downloaded again, and again wrong an error with both checksums', async () => {
  const { run, path, waits } = await downloadWith(atFirst({ kind: 'corrupt' }));
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(waits.length).toBe(1);
  const worse = await downloadWith(atFirst({ kind: 'corrupt' }, 10));
  await expect(worse.run()).rejects.toThrow(
    /^owner\/name: data\/one\.parquet: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}, 3 times/,
  );
  await expect(worse.run()).rejects.toThrow(UserError);
  expect(existsSync(worse.path)).toBe(false);
});

test('the token goes to the hub and not to the host that it redirects to', async () => {
  const { run, server } = await downloadWith(() => undefined, { options: { token: 'secret' } });
  await run();
  for (const { stage, host, authorization } of server.requests) {
    expect(host.split(':')[0]).toBe(stage === 'bytes' ? 'localhost' : '127.0.0.1');
    expect(authorization).toBe(stage === 'bytes' ? undefined : 'Bearer secret');
  }
  expect(server.requests.map(({ stage }) => stage)).toEqual(['info', 'resolve', 'bytes']);
});

test('an aborted signal ends a download at once and leaves what has come', async () => {
  const { run, path } = await downloadWith(atFirst({ kind: 'trickle', bytes: CONTENT.length / 100, milliseconds: 50 }));
  const abort = new AbortController();
  const running = run(abort.signal);
  setTimeout(() => abort.abort(new Error('stopped')), 120);
  await expect(running).rejects.toThrow('stopped');
  expect(readFileSync(`${path}.partial`).length).toBeGreaterThan(0);
  await run();
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
});

test('an empty file is a file', async () => {
  const server = await fakeHub({ 'empty.txt': '' });
  const hub = hubAt(server);
  const path = join(temporaryFolder(), 'empty.txt');
  await download(hub, await repositoryAt(hub), listed('empty.txt', Buffer.alloc(0)), path, { signal: NEVER });
  expect(readFileSync(path).length).toBe(0);
});
