/** @file CUDA without a GPU: libraries that play the driver, cuBLASLt and NCCL, and the real NVRTC where this machine has it. */

import { compileLibrary } from '#minillm/native/compile.js';
import { lookForCompiler } from '#minillm/native/compiler.js';
import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';
import { openLibrary } from '#minillm/native/library.js';
import { DRIVER_SOURCES } from './driver/build.js';
import { compileInterpreter, PTX_FLAGS } from './ptx/build.js';

const FOLDER = new URL('./', import.meta.url);
const FLAGS = [...PTX_FLAGS, '-fvisibility=hidden'];

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
  /** A path: once there is something, the GPU falls off the bus. */
  readonly lostWhen?: string;
}

const compiled = new Map<string, Promise<string>>();

/** Compiles once a process. */
function once(name: string, compile: () => Promise<string>): Promise<string> {
  const path = compiled.get(name) ?? compile();
  compiled.set(name, path);
  return path;
}

function compile(name: string, sources: readonly string[]): Promise<string> {
  return once(name, () => compileLibrary({ name, folder: FOLDER, sources, flags: FLAGS }));
}

/** The library that plays the driver. */
export function compileDriver(): Promise<string> {
  return compile('stand-in-cuda', DRIVER_SOURCES);
}

/** The real NVRTC's path. */
const nvrtc = await openNvrtc().then(
  ({ path }) => path,
  () => undefined,
);

const missing = [
  ...(nvrtc ? [] : ['NVRTC (pip install nvidia-cuda-nvrtc)']),
  ...((await lookForCompiler()) ? [] : ['a C compiler']),
];

/** Whether GPUs can be played here: NVRTC compiles kernels, and a C compiler what executes them. */
export const hasStandIn = missing.length === 0;
if (!hasStandIn) {
  const said = `no GPU is played, and no test that needs one is run: ${missing.join(' and ')} was not found`;
  if (process.env.MINILLM_TEST_CUDA === '1') throw new Error(said);
  console.warn(said);
}

/** Compiles the libraries, and says how to find them. */
export async function cudaEnvironment(options: GpuOptions = {}): Promise<CudaEnvironment> {
  const {
    gpus = 1,
    memoryBytes = 2 ** 32,
    computeCapability = 90,
    driverVersion = 13000,
    seed = 1,
    lostWhen = '',
  } = options;
  return {
    MINILLM_CUDA_DRIVER: await compileDriver(),
    MINILLM_CUBLASLT: await compile('stand-in-cublaslt', ['cublaslt.c']),
    MINILLM_NVRTC: await compile('stand-in-nvrtc', ['nvrtc.c']),
    NCCL_HOME: await compile('stand-in-nccl', ['nccl/nccl.c', 'nccl/shared.c']),
    MINILLM_STANDIN_PTX: await once('stand-in-ptx', compileInterpreter),
    MINILLM_STANDIN_NVRTC: nvrtc ?? '',
    MINILLM_STANDIN_GPUS: String(gpus),
    MINILLM_STANDIN_MEMORY: String(memoryBytes),
    MINILLM_STANDIN_CAPABILITY: String(computeCapability),
    MINILLM_STANDIN_DRIVER: String(driverVersion),
    MINILLM_STANDIN_SEED: String(seed),
    MINILLM_STANDIN_LOST_WHEN: lostWhen,
  };
}

/** What tests do to the GPU of this process. */
export interface StandInGpu {
  /** It falls off the bus. */
  lose(): void;
  /** It is as good as new. */
  mend(): void;
}

export async function standInGpu(): Promise<StandInGpu> {
  const library = openLibrary(await compileDriver());
  const [lose, mend] = [library.function('void stand_in_lose()'), library.function('void stand_in_mend()')];
  return { lose: () => void lose(), mend: () => void mend() };
}

/** Does something in that environment; afterwards this process has its own again. */
export async function inEnvironment<Result>(
  environment: CudaEnvironment,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
