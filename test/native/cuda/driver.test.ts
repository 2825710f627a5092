import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { compileLibrary } from '#minillm/native/compile.js';
import { DriverError, openDriver } from '#minillm/native/cuda/driver.js';
import { UserError } from '#minillm/support/errors.js';
import { openGpu, useStandIn } from '../../stand-ins/cuda/open-gpu.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the driver', () => {
  test('tells its version, and what the GPUs are', async () => {
    await useStandIn({ gpus: 2, memoryBytes: 2 ** 34, computeCapability: 80, driverVersion: 12040 });
    const driver = await openDriver();
    expect(driver.path).toBe(process.env.MINILLM_CUDA_DRIVER);
    expect(driver.version).toBe('12.4');
    expect(driver.deviceCount()).toBe(2);
    expect(driver.properties(1)).toEqual({
      name: 'Stand-in GPU',
      computeCapability: 80,
      multiprocessors: 4,
      sharedBytes: 163 * 1024,
      memoryBytes: 2 ** 34,
    });
    expect(() => driver.properties(2)).toThrow(
      'the CUDA driver failed in cuDeviceGet: invalid device ordinal (CUDA_ERROR_INVALID_DEVICE)',
    );
  });

  test('has a context for each GPU', async () => {
    await useStandIn({ gpus: 2 });
    const driver = await openDriver();
    const [first, second] = [driver.openContext(0), driver.openContext(1)];
    expect(first).not.toBe(second);
    driver.allocate(1000);
    expect(driver.memory().free).toBe(driver.memory().total - 1000);
    driver.openContext(0);
    expect(driver.memory().free).toBe(driver.memory().total);
    for (const ordinal of [0, 0, 1]) driver.closeContext(ordinal);
  });

  test('fails with an error that names the call, and keeps its number', async () => {
    const { driver } = await openGpu();
    expect.assertions(2);
    try {
      driver.free(1);
    } catch (cause) {
      expect(cause).toBeInstanceOf(DriverError);
      expect(cause).toMatchObject({ status: 1, isOutOfMemory: false });
    }
  });
});

describe('there is no driver to use', () => {
  test('where none is installed: the error says what to install', async () => {
    vi.stubEnv('MINILLM_CUDA_DRIVER', '/nowhere/libcuda.so.1');
    await expect(openDriver()).rejects.toThrow(
      /^expected the library \/nowhere\/libcuda\.so\.1, as MINILLM_CUDA_DRIVER says, and found none; it comes with NVIDIA's driver: install that/,
    );
  });

  test('where it is too old', async () => {
    await useStandIn({ driverVersion: 11080 });
    await expect(openDriver()).rejects.toThrow(
      /^expected a CUDA driver for CUDA 12\.0 or newer, found one for 11\.8 \(.*\); update NVIDIA's driver to 525 or newer$/,
    );
  });

  test('where it is so old that it lacks functions', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'old.c'), 'int cuDriverGetVersion(int *version) { *version = 11020; return 0; }');
    const old = { name: 'old-driver', folder: pathToFileURL(`${folder}/`), sources: ['old.c'], flags: [] };
    vi.stubEnv('MINILLM_CUDA_DRIVER', await compileLibrary(old));
    await expect(openDriver()).rejects.toThrow(
      /^expected a CUDA driver for CUDA 12\.0 or newer, found one for 11\.2 \(.*\); update NVIDIA's driver to 525 or newer$/,
    );
  });

  test('where there is no GPU', async () => {
    await useStandIn({ gpus: 0 });
    const opening = openDriver();
    await expect(opening).rejects.toThrow(/cuInit: no CUDA-capable device is detected \(CUDA_ERROR_NO_DEVICE\)$/);
    await expect(opening).rejects.toBeInstanceOf(UserError);
  });
});
