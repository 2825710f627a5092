/** @file CUDA without a GPU: libraries that play the driver and cuBLASLt, and the real NVRTC where this machine has it. */

import { compileLibrary } from '#minillm/native/compile.js';
import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';
import { PTX_FLAGS, PTX_SOURCES } from './ptx/build.js';

const FOLDER = new URL('./', import.meta.url);
const FLAGS = ['-O3', '-std=gnu11', '-fvisibility=hidden'];

/** What a process needs in its environment to see the GPU. */
export type CudaEnvironment = Readonly<Record<string, string>>;

/** What the GPU is like. */
export interface GpuOptions {
  readonly gpus?: number;
  readonly memoryBytes?: number;
  /** 90 is 9.0. */
  readonly computeCapability?: number;
  /** The driver's version: 13000 is 13.0. */
  readonly driverVersion?: number;
  /** Of the order in which unordered work is done. */
  readonly seed?: number;
}

/** The library that plays the driver. */
export function compileDriver(): Promise<string> {
  return compileLibrary({
    name: 'stand-in-cuda',
    folder: FOLDER,
    sources: ['driver.c', ...PTX_SOURCES],
    flags: [...FLAGS, ...PTX_FLAGS],
  });
}

/** The real NVRTC's path; undefined where there is none, and kernels cannot be compiled. */
export async function realNvrtc(): Promise<string | undefined> {
  return openNvrtc().then(
    ({ path }) => path,
    () => undefined,
  );
}

const nvrtc = await realNvrtc();

/** Whether kernels can be compiled here, so that tests can run them. */
export const hasNvrtc = nvrtc !== undefined;
if (!hasNvrtc) console.warn('NVRTC was not found, so no CUDA kernel is tested: pip install nvidia-cuda-nvrtc');

/** Compiles the libraries, and says how to find them. */
export async function cudaEnvironment(options: GpuOptions = {}): Promise<CudaEnvironment> {
  const one = (name: string, source: string): Promise<string> =>
    compileLibrary({ name, folder: FOLDER, sources: [source], flags: FLAGS });
  const { gpus = 1, memoryBytes = 2 ** 32, computeCapability = 90, driverVersion = 13000, seed = 1 } = options;
  return {
    MINILLM_CUDA_DRIVER: await compileDriver(),
    MINILLM_CUBLASLT: await one('stand-in-cublaslt', 'cublaslt.c'),
    MINILLM_NVRTC: await one('stand-in-nvrtc', 'nvrtc.c'),
    MINILLM_STANDIN_NVRTC: nvrtc ?? '',
    MINILLM_STANDIN_GPUS: String(gpus),
    MINILLM_STANDIN_MEMORY: String(memoryBytes),
    MINILLM_STANDIN_CAPABILITY: String(computeCapability),
    MINILLM_STANDIN_DRIVER: String(driverVersion),
    MINILLM_STANDIN_SEED: String(seed),
  };
}
