import { expect, test } from 'vitest';
import type { ByteSource } from '#minillm/support/byte-source.js';
import { UserError } from '#minillm/support/errors.js';
import { openHttpSource } from '#minillm/support/http-source.js';
import { type FileServer, serveFile } from './file-server.ts';

const SLICE = 1 << 23;
/** Two slices and a bit. */
const FILE = Uint8Array.from({ length: 2 * SLICE + 1000 }, (_, index) => (index * 7) ^ (index >> 11));

const part = (start: number, length: number) => FILE.slice(start, start + length);

async function read(source: ByteSource, start: number, length: number): Promise<Uint8Array> {
  const target = new Uint8Array(length);
  await source.read(start, target);
  return target;
}

function same(found: Uint8Array, expected: Uint8Array): boolean {
  return Buffer.compare(found, expected) === 0;
}

function noRanges(server: FileServer): void {
  server.behaviour = { ...server.behaviour, knowsRanges: false };
}

test.each([true, false])('reads what is asked for, also across slices (ranges: %s)', async (knowsRanges) => {
  const server = await serveFile(FILE);
  server.behaviour = { ...server.behaviour, knowsRanges };
  const source = await openHttpSource(server.url);
  expect(source).toMatchObject({ name: server.url, size: FILE.length });
  expect(same(await read(source, 3, 10), part(3, 10))).toBe(true);
  expect(same(await read(source, SLICE - 5, SLICE + 20), part(SLICE - 5, SLICE + 20))).toBe(true);
  expect(same(await read(source, FILE.length - 1, 1), part(FILE.length - 1, 1))).toBe(true);
  expect(same(await read(source, 0, FILE.length), FILE)).toBe(true);
  await source.close();
});

test('a slice is asked for once, however many reads it serves, and nothing that is not needed soon', async () => {
  const server = await serveFile(FILE);
  const source = await openHttpSource(server.url);
  for (let start = 0; start < 1000; start += 100) await read(source, start, 100);
  await expect.poll(() => server.ranges.length).toBe(3);
  await read(source, SLICE, 10);
  await source.close();
  expect(server.ranges.slice(0, 3)).toEqual(['bytes=0-7', `bytes=0-${SLICE - 1}`, `bytes=${SLICE}-${2 * SLICE - 1}`]);
});

test.each([true, false])('progress grows to the size of the file (ranges: %s)', async (knowsRanges) => {
  const server = await serveFile(FILE);
  server.behaviour = { ...server.behaviour, knowsRanges };
  const progress: [number, number | undefined][] = [];
  const source = await openHttpSource(server.url, { onProgress: (...step) => progress.push(step) });
  // the first slice again at last, which counts once
  for (const start of [0, SLICE, 2 * SLICE, 0]) await read(source, start, 1000);
  await source.close();
  const loaded = progress.map(([bytes]) => bytes);
  expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toEqual([FILE.length, FILE.length]);
});

test('a connection cut in the middle is one clear error, and the next try works', async () => {
  const server = await serveFile(FILE);
  const source = await openHttpSource(server.url);
  server.behaviour = { ...server.behaviour, cutAfter: 1000 };
  const failure = read(source, 2 * SLICE - 10, 100);
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow(/the connection was cut after 1000 of 16778216 bytes \(.+\); .*try again$/);
  server.behaviour = { knowsRanges: true, version: '"1"' };
  expect(same(await read(source, 0, FILE.length), FILE)).toBe(true);
  await source.close();
});

test('a whole download that is cut is the same error, and opening again works', async () => {
  const server = await serveFile(FILE);
  server.behaviour = { knowsRanges: false, version: '"1"', cutAfter: 5000 };
  await expect(openHttpSource(server.url)).rejects.toThrow(/cut after 5000 of 16778216 bytes \(.+\); .*try again$/);
  noRanges(server);
  server.behaviour = { knowsRanges: false, version: '"1"' };
  const source = await openHttpSource(server.url);
  expect(same(await read(source, 0, FILE.length), FILE)).toBe(true);
});

test('a file that changes on the server is an error, not a mixture', async () => {
  const server = await serveFile(FILE);
  const source = await openHttpSource(server.url);
  server.behaviour = { knowsRanges: true, version: '"2"' };
  await expect(read(source, 0, 10)).rejects.toThrow('the file was changed while it was being read; try again');
  await source.close();
});

test('no such file, and no such server, are errors that say so', async () => {
  const server = await serveFile(FILE);
  server.behaviour = { ...server.behaviour, status: 404 };
  await expect(openHttpSource(server.url)).rejects.toThrow('expected a file, found HTTP status 404; check the address');
  await expect(openHttpSource('http://127.0.0.1:9/a')).rejects.toThrow(
    /could not reach it \(.+\); check the connection/,
  );
});
