import { expect, onTestFinished, test, vi } from 'vitest';
import { UserError } from '#minillm/support/errors.js';
import { HttpSlices } from '#minillm/support/http-slices.js';
import { SLICE_BYTES } from '#minillm/support/sliced-source.js';
import { type FileServer, serveFile } from './file-server.ts';

/** Two slices and a bit. */
const FILE = Uint8Array.from({ length: 2 * SLICE_BYTES + 1000 }, (_, index) => (index * 7) ^ (index >> 11));

function open({ url }: Pick<FileServer, 'url'>): HttpSlices {
  return new HttpSlices(url, FILE.length);
}

/** Whether a slice is that of the file. */
async function isRight(slices: HttpSlices, index: number): Promise<boolean> {
  const slice = await slices.read(index, () => {});
  return Buffer.compare(slice, FILE.subarray(index * SLICE_BYTES, (index + 1) * SLICE_BYTES)) === 0;
}

test('slices in order are one request, whose progress is told', async () => {
  const server = await serveFile(FILE);
  const slices = open(server);
  const arrived: number[] = [];
  for (const index of [0, 1]) expect(await isRight(slices, index)).toBe(true);
  await slices.read(2, (bytes) => arrived.push(bytes));
  await slices.close();
  expect(arrived.at(-1)).toBe(1000);
  expect(server.ranges).toEqual([undefined]);
});

test.each([true, false])('slices in any order are those of the file (ranges: %s)', async (knowsRanges) => {
  const server = await serveFile(FILE);
  server.behaviour.knowsRanges = knowsRanges;
  const slices = open(server);
  for (const index of [2, 0, 1]) expect(await isRight(slices, index)).toBe(true);
  await slices.close();
  expect(server.ranges).toEqual([`bytes=${2 * SLICE_BYTES}-`, undefined]);
});

test.each([
  ['ranges', true, ['bytes=1000-', 'bytes=2000-']],
  // what has come already is passed over
  ['no ranges', false, ['bytes=1000-', 'bytes=1000-']],
])('a connection that is cut twice goes on where it was cut (%s)', async (_, knowsRanges, ranges) => {
  const server = await serveFile(FILE);
  Object.assign(server.behaviour, { knowsRanges, breaks: 2, breakAfter: 1000 });
  const slices = open(server);
  for (const index of [0, 1]) expect(await isRight(slices, index)).toBe(true);
  await slices.close();
  expect(server.ranges).toEqual([undefined, ...ranges]);
});

test('a connection that is cut again and again is one clear error, and the next try works', async () => {
  const server = await serveFile(FILE);
  Object.assign(server.behaviour, { breaks: 3, breakAfter: 1000 });
  const slices = open(server);
  const failure = slices.read(0, () => {});
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow(/the connection was cut after 3000 of 16778216 bytes \(.+\); .*try again$/);
  expect(await isRight(slices, 0)).toBe(true);
  await slices.close();
});

test('where nothing comes for a while, another request goes on', async () => {
  const server = await serveFile(FILE);
  Object.assign(server.behaviour, { breaks: 2, breakAfter: 1000, isSilent: true });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const whileSilent = (bytes: number): void => {
    if (bytes <= 3000) setImmediate(() => vi.advanceTimersByTime(20_000));
  };
  const slices = open(server);
  await slices.read(0, whileSilent);
  expect(server.ranges).toEqual([undefined, 'bytes=1000-', 'bytes=2000-']);
  server.behaviour.breaks = 99;
  await expect(slices.read(0, whileSilent)).rejects.toThrow('3000 of 16778216 bytes (nothing came for 20 s)');
  await slices.close();
});

test('a file that changes on the server is an error, not a mixture', async () => {
  const server = await serveFile(FILE);
  const slices = open(server);
  await slices.read(0, () => {});
  server.behaviour.version = '"2"';
  await expect(slices.read(2, () => {})).rejects.toThrow('the file was changed while it was being read; try again');
  await slices.close();
});

test('what is closed while it is read is given up at once', async () => {
  const server = await serveFile(FILE);
  Object.assign(server.behaviour, { breaks: 9, breakAfter: 1000, isSilent: true });
  const slices = open(server);
  const reading = new Promise<void>((resolve, reject) => void slices.read(0, () => resolve()).catch(reject));
  await reading;
  await slices.close();
  await expect(slices.read(1, () => {})).rejects.toThrow('closed');
  expect(server.ranges).toEqual([undefined, `bytes=${SLICE_BYTES}-`]);
});

test('no such file, one of another size, and no such server are errors that say so', async () => {
  const server = await serveFile(FILE);
  const refused = (slices: HttpSlices) => slices.read(0, () => {});
  await expect(refused(new HttpSlices(server.url, 999))).rejects.toThrow(
    'expected 999 bytes, found 16778216; the file',
  );
  server.behaviour.status = 404;
  await expect(refused(open(server))).rejects.toThrow('expected a file, found HTTP status 404; check the address');
  const nowhere = open({ url: 'http://127.0.0.1:9/a' });
  await expect(refused(nowhere)).rejects.toThrow(/could not reach it \(.+\); check the connection/);
});
