import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type HubCorpusOptions, hubCorpusFiles } from '#minillm/hub/hub-corpus.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { Fault, HubRequest } from './fake-hub.ts';
import { fakeHub, hubAt, NEVER, someBytes } from './hubs.ts';

const BYTES = 10_000;
const NAMES = Array.from({ length: 12 }, (_, index) => `data/${String(index).padStart(3, '0')}.parquet`);
const CONTENTS = new Map(NAMES.map((name, index) => [name, someBytes(BYTES, index + 1)]));

interface Given extends Partial<HubCorpusOptions> {
  readonly faults?: (request: HubRequest) => Fault | undefined;
}

/** A corpus of twelve files of 10,000 bytes. */
async function corpus({ faults, ...options }: Given = {}) {
  const server = await fakeHub(Object.fromEntries(CONTENTS), faults ? { faults } : {});
  const cacheFolder = options.cacheFolder ?? temporaryFolder();
  const open = async () => {
    const files = await hubCorpusFiles({ repository: 'owner/name', hub: hubAt(server), ...options, cacheFolder });
    onTestFinished(() => files.close());
    return files;
  };
  const files = await open();
  const folder = join(cacheFolder, 'datasets--owner--name', server.commit);
  return { files, open, server, folder, downloaded: () => downloadedIn(folder) };
}

/** The names of the whole files in each folder of the cache. */
function downloadedIn(folder: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const name of readdirSync(folder)) {
    const data = join(folder, name, 'data');
    if (existsSync(data))
      found[name] = readdirSync(data)
        .filter((entry) => entry.endsWith('.parquet'))
        .sort();
  }
  return found;
}

const nameOf = (index: number): string => `${String(index).padStart(3, '0')}.parquet`;

test('files are listed before any is fetched, and each comes with its content', async () => {
  const { files, server } = await corpus();
  expect(files.source).toBe(`owner/name @ ${server.commit}`);
  expect(files.files.map(({ name }) => name)).toEqual(NAMES);
  expect(files.files.every(({ bytes, sha256 }) => bytes === BYTES && sha256?.length === 64)).toBe(true);
  expect(server.requests.some(({ stage }) => stage === 'bytes')).toBe(false);
  for (const [index, name] of NAMES.entries()) {
    const progress: number[] = [];
    const path = await files.fetch(index, { signal: NEVER, onProgress: (bytes) => progress.push(bytes) });
    expect(readFileSync(path).equals(CONTENTS.get(name) ?? Buffer.alloc(0))).toBe(true);
    await files.release(index);
    expect(existsSync(path)).toBe(false);
  }
  expect(server.requests.filter(({ stage }) => stage === 'bytes').length).toBe(NAMES.length);
});

test('a few files are fetched ahead of the reader, and no more until one is released', async () => {
  const { files, downloaded } = await corpus();
  await files.fetch(0, { signal: NEVER });
  await vi.waitFor(() => expect(downloaded()['window-0']).toEqual([0, 1, 2, 3].map(nameOf)));
  await sleep(100);
  expect(downloaded()['window-0']).toEqual([0, 1, 2, 3].map(nameOf));
  await files.fetch(1, { signal: NEVER });
  await files.release(0);
  await vi.waitFor(() => expect(downloaded()['window-0']).toEqual([1, 2, 3, 4].map(nameOf)));
});

test('the bytes of the cache bound what is fetched ahead, and not what is asked for', async () => {
  const { files, downloaded } = await corpus({ cacheBytes: 2.5 * BYTES });
  await files.fetch(0, { signal: NEVER });
  await vi.waitFor(() => expect(downloaded()['window-0']).toEqual([0, 1].map(nameOf)));
  await sleep(100);
  expect(downloaded()['window-0']).toEqual([0, 1].map(nameOf));
  for (const index of [1, 2, 3, 4]) await files.fetch(index, { signal: NEVER });
  expect(downloaded()['window-0']).toEqual([0, 1, 2, 3, 4].map(nameOf));
});

test('a cache too small for one file is refused before anything is fetched', async () => {
  await expect(corpus({ cacheBytes: 9000 })).rejects.toThrow(
    'expected room for the largest file, data/000.parquet with 10.0 kB, found 9.00 kB; allow more',
  );
});

test('of a part of the files no other is fetched, ahead of the reader neither', async () => {
  const { files, downloaded, server } = await corpus({ choose: (all) => all.slice(4, 6) });
  expect(files.files.map(({ name }) => name)).toEqual(NAMES.slice(4, 6));
  await files.fetch(0, { signal: NEVER });
  await vi.waitFor(() => expect(downloaded()['window-0']).toEqual([4, 5].map(nameOf)));
  expect(server.requests.filter(({ stage }) => stage === 'bytes').length).toBe(2);
});

test('kept downloads are left, and the next build fetches none of them again', async () => {
  const cacheFolder = temporaryFolder();
  const { files, server, folder, open } = await corpus({ cacheFolder, keepDownloads: true });
  const path = await files.fetch(0, { signal: NEVER });
  await files.release(0);
  expect(path).toBe(join(folder, 'kept', NAMES[0] ?? ''));
  expect(existsSync(path)).toBe(true);
  await files.close();
  const again = await open();
  const before = server.requests.filter(({ path: asked }) => asked === NAMES[0]).length;
  expect(await again.fetch(0, { signal: NEVER })).toBe(path);
  expect(server.requests.filter(({ path: asked }) => asked === NAMES[0]).length).toBe(before);
});

test('a finished build leaves nothing of what was fetched ahead of it, a stopped one does', async () => {
  const { files, open, downloaded } = await corpus();
  await files.fetch(0, { signal: NEVER });
  await vi.waitFor(() => expect(downloaded()['window-0']?.length).toBe(4));
  await files.close();
  expect(downloaded()['window-0']?.length).toBe(4);
  await (await open()).close({ finished: true });
  expect(downloaded()).toEqual({});
});

test('two builds at a time have windows of their own', async () => {
  const { files, open, downloaded } = await corpus();
  const other = await open();
  const paths = await Promise.all([files, other].map((one) => one.fetch(0, { signal: NEVER })));
  expect(paths[0]).not.toBe(paths[1]);
  await files.release(0);
  expect(readFileSync(paths[1] ?? '').length).toBe(BYTES);
  expect(Object.keys(downloaded())).toEqual(['window-0', 'window-1']);
});

test('continues what a killed process left, and removes what is not needed first', async () => {
  const cacheFolder = temporaryFolder();
  const { files, open, folder, server } = await corpus({ cacheFolder });
  await files.close();
  const data = join(folder, 'window-0', 'data');
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, nameOf(1)), CONTENTS.get(NAMES[1] ?? '') ?? '');
  writeFileSync(
    join(data, `${nameOf(5)}.partial`),
    (CONTENTS.get(NAMES[5] ?? '') ?? Buffer.alloc(0)).subarray(0, 4000),
  );
  writeFileSync(join(data, nameOf(6)), CONTENTS.get(NAMES[6] ?? '') ?? '');
  const again = await open();
  await again.fetch(5, { signal: NEVER });
  await again.fetch(6, { signal: NEVER });
  expect(existsSync(join(data, nameOf(1)))).toBe(false);
  const bytes = server.requests.filter(({ stage }) => stage === 'bytes');
  expect(bytes.find(({ path }) => path === NAMES[5])?.range).toBe('bytes=4000-');
  expect(bytes.some(({ path }) => path === NAMES[6])).toBe(false);
});

test('an aborted signal ends the downloads ahead of the reader too, and a later fetch goes on', async () => {
  const slow: Fault = { kind: 'trickle', bytes: 1000, milliseconds: 50 };
  const isSlow = ({ stage, path, attempt }: HubRequest) => stage === 'bytes' && path !== NAMES[0] && attempt === 1;
  const { files, server } = await corpus({ faults: (request) => (isSlow(request) ? slow : undefined) });
  const abort = new AbortController();
  await files.fetch(0, { signal: abort.signal });
  const second = files.fetch(1, { signal: abort.signal });
  await sleep(100);
  abort.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  const asked = server.requests.length;
  await sleep(200);
  expect(server.requests.length).toBe(asked);
  const path = await files.fetch(1, { signal: NEVER });
  expect(readFileSync(path).equals(CONTENTS.get(NAMES[1] ?? '') ?? Buffer.alloc(0))).toBe(true);
});

test('a download ahead of the reader that fails is tried again when it is asked for', async () => {
  const isBad = ({ stage, path, attempt }: HubRequest) => stage === 'bytes' && path === NAMES[1] && attempt <= 4;
  const { files, server } = await corpus({
    faults: (request) => (isBad(request) ? { kind: 'status', status: 500 } : undefined),
  });
  await files.fetch(0, { signal: NEVER });
  await vi.waitFor(() => expect(server.requests.filter(isBad).length).toBe(4));
  await sleep(50);
  expect(readFileSync(await files.fetch(1, { signal: NEVER })).length).toBe(BYTES);
});

/** A process that reads the corpus file by file and prints the sha256 of each; undefined when it was killed. */
async function readInProcess(url: string, cacheFolder: string, killAfter?: number): Promise<string[] | undefined> {
  const script = `
    import { createHash } from 'node:crypto';
    import { readFileSync } from 'node:fs';
    import { hubCorpusFiles } from '#minillm/hub/hub-corpus.js';
    const files = await hubCorpusFiles({ repository: 'owner/name', cacheFolder: ${JSON.stringify(cacheFolder)}, cacheBytes: 25000 });
    for (let index = 0; index < files.files.length; index++) {
      const path = await files.fetch(index, { signal: new AbortController().signal });
      console.log(createHash('sha256').update(readFileSync(path)).digest('hex'));
      await files.release(index);
    }
    await files.close({ finished: true });`;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HF_ENDPOINT: url, HF_TOKEN: '' },
  });
  let text = '';
  child.stdout?.on('data', (piece) => {
    text += piece;
  });
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return code === 0 ? text.trim().split('\n') : undefined;
}

test('processes that share a cache, some of them killed, each read the right bytes', async () => {
  const server = await fakeHub(Object.fromEntries(CONTENTS), {
    faults: ({ stage }) => (stage === 'bytes' ? { kind: 'trickle', bytes: 2500, milliseconds: 15 } : undefined),
  });
  const cacheFolder = temporaryFolder();
  const killed = [500, 700, 900, 1100].map((milliseconds) => readInProcess(server.url, cacheFolder, milliseconds));
  const outcomes = [...(await Promise.all(killed)), await readInProcess(server.url, cacheFolder)];
  const files = await hubCorpusFiles({ repository: 'owner/name', hub: hubAt(server), cacheFolder });
  await files.close();
  const expected = files.files.map(({ sha256 }) => sha256);
  expect(outcomes.at(-1)).toEqual(expected);
  for (const outcome of outcomes) if (outcome !== undefined) expect(outcome).toEqual(expected);
});
