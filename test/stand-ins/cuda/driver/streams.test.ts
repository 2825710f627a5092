import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { compileDriver, hasStandIn } from '../cuda.js';
import { longs, openGpu } from '../open-gpu.js';

const ADD = `
extern "C" __global__ void add(const float *x, float *y) { *y = *x + 1; }`;

const ONE = { x: 1, y: 1, z: 1 };

describe('streams', () => {
  test('do their work in order, once something waits for it', async () => {
    const { driver, stream, download } = await openGpu();
    const address = driver.allocate(1);
    for (let value = 0; value < 100; value++) driver.fill(address, value, 1, stream);
    expect([...download(address, new Uint8Array(1))]).toEqual([99]);
  });

  test('are independent where nothing orders them', async () => {
    const { driver, stream, download } = await openGpu();
    const other = driver.createStream(0);
    const address = driver.allocate(1);
    driver.fill(address, 1, 1, other);
    driver.fill(address, 2, 1, stream);
    expect([...download(address, new Uint8Array(1))]).toEqual([2]);
    driver.synchronize(other);
    expect([...download(address, new Uint8Array(1))]).toEqual([1]);
  });

  test('wait for events of others', async () => {
    const { driver, stream, download } = await openGpu();
    const other = driver.createStream(0);
    const event = driver.createEvent();
    const address = driver.allocate(1);
    driver.fill(address, 1, 1, other);
    driver.record(event, other);
    driver.fill(address, 3, 1, other);
    driver.waitFor(stream, event);
    expect([...download(address, new Uint8Array(1))]).toEqual([1]);
  });

  test('are done when they are destroyed, and are no streams then', async () => {
    const { driver, stream, download } = await openGpu();
    const other = driver.createStream(0);
    const address = driver.allocate(1);
    driver.fill(address, 4, 1, other);
    driver.destroyStream(other);
    expect([...download(address, new Uint8Array(1))]).toEqual([4]);
    expect(() => driver.fill(address, 4, 1, other)).toThrow(/invalid resource handle/);
    expect(() => driver.synchronize(0)).toThrow(/invalid resource handle/);
    driver.synchronize(stream);
  });
});

describe.skipIf(!hasStandIn)('a wait that is missing', () => {
  test.each([true, false])('shows as memory that nobody has written (waits: %s)', async (waits) => {
    const { driver, stream, upload, compile } = await openGpu();
    const add = await compile(ADD, 'add');
    const other = driver.createStream(0);
    const [x, y, z] = [upload(Float32Array.of(1)), driver.allocate(4), driver.allocate(4)];
    driver.synchronize(stream);
    const event = driver.createEvent();
    driver.launch(add, ONE, 1, 0, other, longs(x, y));
    driver.record(event, other);
    if (waits) driver.waitFor(stream, event);
    driver.launch(add, ONE, 1, 0, stream, longs(y, z));
    const read = (): number[] => {
      const values = new Float32Array(1);
      driver.copyToHost(values, z, 4, stream);
      return [...values];
    };
    if (waits) expect(read()).toEqual([3]);
    else expect(read).toThrow(/add: .*which nobody has written/);
  });

  test('shows as a stale value where there was one', async () => {
    const { driver, stream, upload, download, compile } = await openGpu();
    const add = await compile(ADD, 'add');
    const other = driver.createStream(0);
    const [x, y, z] = [upload(Float32Array.of(10)), upload(Float32Array.of(0)), driver.allocate(4)];
    driver.synchronize(stream);
    driver.launch(add, ONE, 1, 0, other, longs(x, y));
    driver.launch(add, ONE, 1, 0, stream, longs(y, z));
    expect([...download(z, new Float32Array(1))]).toEqual([1]);
  });
});

describe('events', () => {
  test('are polled until the work before them is done', async () => {
    const { driver, stream } = await openGpu();
    const event = driver.createEvent();
    expect(driver.isDone(event)).toBe(true); // never recorded
    const pinned = driver.allocateHost(4);
    const address = driver.allocate(4);
    driver.fill(address, 5, 4, stream);
    driver.copyToHost(pinned.address, address, 4, stream);
    driver.record(event, stream);
    expect(driver.isDone(event)).toBe(false);
    expect([...pinned.bytes]).toEqual([0, 0, 0, 0]);
    await expect.poll(() => driver.isDone(event)).toBe(true);
    expect([...pinned.bytes]).toEqual([5, 5, 5, 5]);
  });

  test('tell how long work took, if they were made for it', async () => {
    const { driver, stream } = await openGpu();
    const [start, end] = [driver.createEvent({ timing: true }), driver.createEvent({ timing: true })];
    const address = driver.allocate(2 ** 20);
    driver.record(start, stream);
    driver.fill(address, 0, 2 ** 20, stream);
    driver.record(end, stream);
    expect(() => driver.milliseconds(start, end)).toThrow(/CUDA_ERROR_NOT_READY/);
    driver.synchronize(stream);
    expect(driver.milliseconds(start, end)).toBeGreaterThan(0);
    const plain = driver.createEvent();
    driver.record(plain, stream);
    driver.synchronize(stream);
    expect(() => driver.milliseconds(start, plain)).toThrow(/invalid resource handle/);
    for (const each of [start, end, plain]) driver.destroyEvent(each);
  });
});

test('another thread has no context', async () => {
  await openGpu();
  const source = `
    const koffi = require('koffi');
    const { parentPort, workerData } = require('node:worker_threads');
    const available = new BigInt64Array(1);
    const total = new BigInt64Array(1);
    parentPort.postMessage(koffi.load(workerData).func('int cuMemGetInfo_v2(void *, void *)')(available, total));`;
  const worker = new Worker(source, { eval: true, workerData: await compileDriver() });
  const status = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  expect(status).toBe(201); // CUDA_ERROR_INVALID_CONTEXT
});
