/** @file The GPU of the stand-in, opened as the backend opens it, with kernels from the real NVRTC. */

import { onTestFinished, vi } from 'vitest';
import { type Driver, openDriver } from '#minillm/native/cuda/driver.js';
import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';
import { cudaEnvironment, type GpuOptions, standInGpu } from './cuda.js';

/** A GPU with its context current on this thread, and a stream. */
export interface OpenGpu {
  readonly driver: Driver;
  readonly stream: number;
  /** Memory with these contents, or of so many bytes that nobody has written. */
  upload(contents: ArrayBufferView | number): number;
  /** Waits for the stream, and reads. */
  download<T extends ArrayBufferView>(address: number, into: T): T;
  /** A kernel by name, of a source in CUDA C++. */
  compile(source: string, name: string): Promise<number>;
}

/** Makes the libraries of the stand-in those that are found, until the test ends. */
export async function useStandIn(options: GpuOptions = {}): Promise<void> {
  for (const [name, value] of Object.entries(await cudaEnvironment(options))) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Opens the GPU until the test ends; then it is as good as new. */
export async function openGpu(options: GpuOptions = {}): Promise<OpenGpu> {
  await useStandIn(options);
  const gpu = await standInGpu();
  gpu.mend();
  const driver = await openDriver();
  driver.openContext(0);
  const stream = driver.createStream(0);
  onTestFinished(() => {
    gpu.mend();
    driver.closeContext(0);
  });
  return {
    driver,
    stream,
    upload(contents) {
      const bytes = typeof contents === 'number' ? contents : contents.byteLength;
      const address = driver.allocate(bytes);
      if (typeof contents !== 'number') driver.copyToDevice(address, contents, bytes, stream);
      return address;
    },
    download(address, into) {
      driver.copyToHost(into, address, into.byteLength, stream);
      return into;
    },
    async compile(source, name) {
      const nvrtc = await openNvrtc();
      const capability = driver.properties(0).computeCapability;
      const code = { name: `${name}.cu`, source, headers: {}, options: ['-std=c++17'] };
      return driver.functionOf(driver.loadModule(nvrtc.compile(code, `sm_${capability}`)), name);
    },
  };
}

/** Parameters as a kernel lays out 8-byte ones: addresses and 64-bit integers. */
export function longs(...values: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}
