/**
 * @file The backends every suite runs on: each variant of the CPU kernels that this machine runs, and where kernels for GPUs can be
 * compiled, a GPU that is played (test/stand-ins/cuda), and WebAssembly; in both precisions.
 */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { findCpuObstacle } from '#minillm/backends/cpu/find-obstacle.js';
import { detectVariant } from '#minillm/backends/cpu/libraries.js';
import { runnableVariants, type Variant } from '#minillm/backends/cpu/variants.js';
import { openCudaBackend } from '#minillm/backends/cuda/backend.js';
import { openWasmInNode } from '#minillm/backends/wasm/open-in-node.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { cudaEnvironment, hasStandIn, inEnvironment } from '../stand-ins/cuda/cuda.js';

export type Precision = 'fp32' | 'bf16';

export interface Device {
  readonly name: string;
  readonly precision: Precision;
  /** Whether `open` takes the number of threads to start, which must change no bit. */
  readonly hasThreads: boolean;
  /** Whether the host may follow the addresses of the device's memory. */
  readonly sharesHostMemory: boolean;
  open(threads: number): Promise<Backend>;
}

const PRECISIONS: readonly Precision[] = ['fp32', 'bf16'];

function devicesOf(variant: Variant): Device[] {
  return PRECISIONS.map((precision) => ({
    name: `${variant} ${precision}`,
    precision,
    hasThreads: true,
    sharesHostMemory: true,
    open: (threads) => openCpuBackend({ variant, precision, threads }),
  }));
}

/** Whether the tests are for a GPU that is there (`npm run test:cuda`). */
export const isOnGpu = process.env.MINILLM_TEST_GPU === '1';

/** Whether the native kernels can be tested. */
const isNative = (await findCpuObstacle('fp32')) === undefined;
if (!isOnGpu && !isNative) console.warn('no C compiler was found, so no native kernel is tested: install gcc or clang');

const best = isNative ? await detectVariant() : 'portable';

/** The CPU's kernels in WebAssembly: one variant in each precision, which are of the same sources. */
export const wasmDevices: readonly Device[] = (
  [
    ['simd128', 'fp32'],
    ['relaxed', 'bf16'],
  ] as const
).map(([variant, precision]) => ({
  name: `wasm ${variant} ${precision}`,
  precision,
  hasThreads: true,
  sharesHostMemory: false,
  open: (threads) => openWasmInNode({ variant, precision, threads }),
}));

/** The processor's best variant where its kernels are native: they call the functions of a communicator. */
export const nativeDevices: readonly Device[] = isNative ? devicesOf(best) : [];

/** The processor's best variant, for suites about the engine rather than the kernels. */
export const bestDevices: readonly Device[] = isNative ? nativeDevices : wasmDevices;

/** That variant in a precision, for suites about one model. */
export function openBest({ precision = 'fp32', threads = 2 }: { precision?: Precision; threads?: number } = {}) {
  const device = bestDevices.find((one) => one.precision === precision);
  if (device === undefined) throw new Error(`no device has ${precision}`);
  return device.open(threads);
}

/** The GPU that is there, or else the one that is played. */
export const cudaDevices: readonly Device[] = (isOnGpu || hasStandIn ? PRECISIONS : []).map((precision) => ({
  name: `cuda ${precision}`,
  precision,
  hasThreads: false,
  sharesHostMemory: false,
  open: async () => inEnvironment(isOnGpu ? {} : await cudaEnvironment(), () => openCudaBackend({ precision })),
}));

/** All variants of the CPU's kernels, for operations that only they have. */
export const cpuDevices: readonly Device[] = isOnGpu
  ? []
  : [
      ...wasmDevices,
      ...(isNative ? bestDevices : []),
      ...runnableVariants(best)
        .filter((variant) => isNative && variant !== best)
        .flatMap(devicesOf),
    ];

export const devices: readonly Device[] = [...cpuDevices, ...cudaDevices];

const opened = new Map<string, Promise<Backend>>();

/** A device, with a team of `threads` where it has one, opened once in a process and never closed. */
export function openDevice(device: Device, threads = 2): Promise<Backend> {
  const key = device.hasThreads ? `${device.name} ${threads}` : device.name;
  const backend = opened.get(key) ?? device.open(threads);
  opened.set(key, backend);
  return backend;
}
