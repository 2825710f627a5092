import { describe, expect, test } from 'vitest';
import { DriverError } from '#minillm/native/cuda/driver.js';
import { openGpu } from '../open-gpu.js';

/** What a call throws. */
function thrown(call: () => void): unknown {
  try {
    call();
  } catch (cause) {
    return cause;
  }
  return undefined;
}

describe('memory of the device', () => {
  test('is counted, and given back', async () => {
    const { driver } = await openGpu({ memoryBytes: 2 ** 20 });
    expect(driver.memory()).toEqual({ free: 2 ** 20, total: 2 ** 20 });
    const address = driver.allocate(1000);
    expect(address % 256).toBe(0);
    expect(driver.memory().free).toBe(2 ** 20 - 1000);
    driver.free(address);
    expect(driver.memory().free).toBe(2 ** 20);
  });

  test('is short where all is taken, and enough again after some is freed', async () => {
    const { driver } = await openGpu({ memoryBytes: 2 ** 20 });
    const first = driver.allocate(2 ** 19);
    const cause = thrown(() => driver.allocate(2 ** 19 + 1));
    expect(cause).toBeInstanceOf(DriverError);
    expect(cause).toMatchObject({
      isOutOfMemory: true,
      message: 'the CUDA driver failed in cuMemAlloc_v2: out of memory (CUDA_ERROR_OUT_OF_MEMORY)',
    });
    driver.free(first);
    driver.allocate(2 ** 19 + 1);
  });

  test('is freed once, by its first address', async () => {
    const { driver } = await openGpu();
    const address = driver.allocate(64);
    expect(() => driver.free(address + 1)).toThrow(/cuMemFree_v2: invalid argument/);
    driver.free(address);
    const cause = thrown(() => driver.free(address));
    expect(cause).toMatchObject({ isOutOfMemory: false, status: 1 });
  });

  test('is not that of the host', async () => {
    const { driver } = await openGpu();
    expect(() => driver.free(driver.allocateHost(8).address)).toThrow(/invalid argument/);
    expect(() => driver.freeHost(driver.allocate(8))).toThrow(/invalid argument/);
  });

  test('ends with the context', async () => {
    const { driver } = await openGpu();
    driver.openContext(0);
    const address = driver.allocate(8);
    driver.closeContext(0);
    driver.free(address); // the context was opened twice
    driver.allocate(8);
    driver.closeContext(0);
    expect(() => driver.allocate(8)).toThrow(/invalid device context/);
    driver.openContext(0);
    expect(driver.memory().free).toBe(driver.memory().total);
  });
});

describe('copies', () => {
  test('of pageable memory have read it when they return, and written it', async () => {
    const { driver, stream } = await openGpu();
    const address = driver.allocate(8);
    const values = Float32Array.of(1, 2);
    driver.copyToDevice(address, values, 8, stream);
    values.fill(0);
    driver.copyToHost(values, address, 8, stream);
    expect([...values]).toEqual([1, 2]);
  });

  test('of pinned memory read and write it when the stream comes to them', async () => {
    const { driver, stream } = await openGpu();
    const address = driver.allocate(4);
    const pinned = driver.allocateHost(8);
    pinned.bytes.fill(1);
    driver.copyToDevice(address, pinned.address, 4, stream);
    driver.copyToHost(pinned.address + 4, address, 4, stream);
    pinned.bytes.fill(2, 0, 4);
    expect([...pinned.bytes]).toEqual([2, 2, 2, 2, 1, 1, 1, 1]);
    driver.synchronize(stream);
    expect([...pinned.bytes]).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
  });

  test('and fills go from place to place on the device', async () => {
    const { driver, stream, download } = await openGpu();
    const [from, to] = [driver.allocate(4), driver.allocate(4)];
    driver.fill(from, 7, 4, stream);
    driver.fill(to, 1, 4, stream);
    driver.copyOnDevice(to + 1, from, 2, stream);
    expect([...download(to, new Uint8Array(4))]).toEqual([1, 7, 7, 1]);
  });

  test.each([
    ['to the device', 'copyToDevice'],
    ['to the host', 'copyToHost'],
  ] as const)('%s past the end of an allocation break the GPU', async (_, copy) => {
    const { driver, stream } = await openGpu();
    const [address, pinned] = [driver.allocate(8), driver.allocateHost(16).address];
    if (copy === 'copyToDevice') driver.copyToDevice(address + 4, pinned, 8, stream);
    else driver.copyToHost(pinned, address + 4, 8, stream);
    expect(() => driver.synchronize(stream)).toThrow(/8 bytes at 0x[0-9a-f]+ are not all in one allocation/);
    expect(() => driver.allocate(8)).toThrow(/CUDA_ERROR_ILLEGAL_ADDRESS/);
  });
});
