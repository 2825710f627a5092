import { describe, expect, test } from 'vitest';
import { hasStandIn, standInGpu } from '../cuda.js';
import { longs, openGpu } from '../open-gpu.js';

const SCALE = `
struct arguments { const float *x; float *y; long long count; double factor; };
struct extents { int batch, length; };
extern "C" __global__ void scale(const arguments args, const extents active) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < active.batch * active.length) args.y[i] = (float)args.factor * args.x[i];
}`;

const REVERSE = `
extern "C" __global__ void reverse(const float *x, float *y) {
  extern __shared__ float values[];
  values[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];
}`;

const STORE = `
extern "C" __global__ void store(float *y, long long at) {
  y[at] = 1;
}`;

const ONE = { x: 1, y: 1, z: 1 };

describe.skipIf(!hasStandIn)('kernels', () => {
  test('take structs by value', async () => {
    const { driver, stream, upload, download, compile } = await openGpu();
    const scale = await compile(SCALE, 'scale');
    const [x, y] = [upload(Float32Array.from({ length: 300 }, (_, i) => i)), driver.allocate(1200)];
    const parameters = new Uint8Array(40);
    parameters.set(longs(x, y, 300));
    const view = new DataView(parameters.buffer);
    view.setFloat64(24, 0.5, true);
    view.setInt32(32, 20, true);
    view.setInt32(36, 15, true);
    driver.launch(scale, { x: 2, y: 1, z: 1 }, 256, 0, stream, parameters);
    expect(download(y, new Float32Array(300))).toEqual(Float32Array.from({ length: 300 }, (_, i) => i / 2));
    const short = parameters.subarray(0, 32);
    expect(() => driver.launch(scale, ONE, 256, 0, stream, short)).toThrow(/cuLaunchKernel: invalid argument/);
  });

  test('get the dynamic shared memory that they are allowed', async () => {
    const { driver, stream, upload, download, compile } = await openGpu();
    const reverse = await compile(REVERSE, 'reverse');
    const [x, y] = [upload(Float32Array.of(1, 2, 3)), driver.allocate(12)];
    const launch = (bytes: number): void => driver.launch(reverse, ONE, 3, bytes, stream, longs(x, y));
    launch(48 * 1024);
    expect([...download(y, new Float32Array(3))]).toEqual([3, 2, 1]);
    expect(() => launch(48 * 1024 + 1)).toThrow(/invalid argument/);
    const { sharedBytes } = driver.properties(0);
    expect(() => driver.allowSharedBytes(reverse, sharedBytes + 1)).toThrow(/cuFuncSetAttribute: invalid argument/);
    driver.allowSharedBytes(reverse, sharedBytes);
    launch(sharedBytes);
    expect([...download(y, new Float32Array(3))]).toEqual([3, 2, 1]);
  });

  test.each([
    ['no block', { x: 0, y: 1, z: 1 }, 1],
    ['too many blocks', { x: 1, y: 65536, z: 1 }, 1],
    ['too many threads', ONE, 1025],
  ])('are not launched with %s', async (_, grid, threads) => {
    const { driver, stream, compile } = await openGpu();
    const store = await compile(STORE, 'store');
    expect(() => driver.launch(store, grid, threads, 0, stream, longs(0, 0))).toThrow(/invalid argument/);
  });

  test.each([
    ['outside of an allocation', 2, /lie in no allocation|bytes before the end/],
    ['into the memory of the host', 0, /lie in no allocation/],
  ])('that write %s break the GPU: the next call says which kernel and line', async (_, at, what) => {
    const { driver, stream, compile } = await openGpu();
    const store = await compile(STORE, 'store');
    const address = at === 0 ? driver.allocateHost(8).address : driver.allocate(8);
    driver.launch(store, ONE, 1, 0, stream, longs(address, at));
    expect(() => driver.synchronize(stream)).toThrow(/cuStreamSynchronize: store: block .*store\.cu:3\).* writes/);
    expect(() => driver.allocate(8)).toThrow(what);
    expect(() => driver.allocate(8)).toThrow(/CUDA_ERROR_ILLEGAL_ADDRESS/);
  });

  test('that read what nobody has written break the GPU', async () => {
    const { driver, stream, compile } = await openGpu();
    const reverse = await compile(REVERSE, 'reverse');
    driver.launch(reverse, ONE, 3, 12, stream, longs(driver.allocate(12), driver.allocate(12)));
    expect(() => driver.synchronize(stream)).toThrow(/reverse: .*which nobody has written/);
  });

  test('are found by name', async () => {
    const { compile } = await openGpu();
    await expect(compile(STORE, 'stores')).rejects.toThrow(/cuModuleGetFunction: named symbol not found/);
  });

  test('of another generation of GPUs are refused', async () => {
    const { driver, compile } = await openGpu({ computeCapability: 80 });
    await compile(STORE, 'store');
    const image = Buffer.from('.version 8.0\n.target sm_90a\n.address_size 64\n\0');
    expect(() => driver.loadModule(image)).toThrow(/no kernel image is available .*NO_BINARY_FOR_GPU/);
  });
});

test('what is no module is refused with what is wrong in it', async () => {
  const { driver } = await openGpu();
  expect(() => driver.loadModule(Buffer.from('.version 8.0\nnonsense\0'))).toThrow(/cuModuleLoadData: .*line 2/);
});

test('a lost GPU fails every call', async () => {
  const { driver, stream } = await openGpu();
  (await standInGpu()).lose();
  expect(() => driver.synchronize(stream)).toThrow(/the GPU has fallen off the bus \(CUDA_ERROR_LAUNCH_FAILED\)/);
  expect(() => driver.memory()).toThrow(/fallen off the bus/);
});
