/** @file What `minillm doctor` checks of GPUs: each of them, and the libraries that training on them takes. */

import { findUnfitness } from '../../backends/cuda/device.ts';
import { kernelNames, openKernels } from '../../backends/cuda/kernels.ts';
import { findNccl } from '../../distributed/nccl/nccl-library.ts';
import { describeCublasLt } from '../../native/cuda/cublaslt.ts';
import { type Driver, openDriver } from '../../native/cuda/driver.ts';
import { openNvrtc } from '../../native/cuda/nvrtc.ts';
import { messageOf } from '../../support/errors.ts';
import { formatBytes, formatDuration } from '../../support/format.ts';
import type { Check } from './checks.ts';

interface Library {
  readonly name: string;
  /** @param newest the newest major version that the driver runs */
  readonly find: (newest: number) => Promise<{ readonly path: string; readonly version: string }>;
  /** What cannot be done without it. */
  readonly lost: string;
  /** How many GPUs need it. */
  readonly from: number;
}

const LIBRARIES: readonly Library[] = [
  { name: 'NVRTC', find: openNvrtc, lost: 'GPUs are not used', from: 1 },
  { name: 'cuBLASLt', find: describeCublasLt, lost: 'GPUs are not used', from: 1 },
  { name: 'NCCL', find: () => findNccl(), lost: 'no training on several GPUs', from: 2 },
];

/**
 * GPUs and their libraries. A library fails the check only where there are GPUs that need it.
 * @param build whether to compile the kernels of each GPU
 */
export async function* checkGpus(build: boolean): AsyncGenerator<Check> {
  let driver: Driver;
  try {
    driver = await openDriver();
  } catch (cause) {
    yield { name: 'GPU', ok: true, found: `none: ${messageOf(cause)}` };
    return;
  }
  const count = driver.deviceCount();
  yield { name: 'CUDA driver', ok: true, found: `for CUDA ${driver.version}, ${driver.path}` };
  for (let ordinal = 0; ordinal < count; ordinal++) yield checkGpu(driver, ordinal);
  let complete = true;
  for (const library of LIBRARIES) {
    const check = await checkLibrary(library, driver.major, count);
    if (!check.ok && library.from === 1) complete = false;
    yield check;
  }
  const fit = Array.from({ length: count }, (_, ordinal) => driver.properties(ordinal)).filter(
    (properties) => findUnfitness(properties) === undefined,
  );
  const capabilities = [...new Set(fit.map(({ computeCapability }) => computeCapability))];
  if (build && complete && capabilities.length > 0) yield await buildKernels(driver, capabilities);
}

function checkGpu(driver: Driver, ordinal: number): Check {
  const properties = driver.properties(ordinal);
  const { name, memoryBytes, computeCapability } = properties;
  const found = `${name}, ${formatBytes(memoryBytes)}, compute capability ${(computeCapability / 10).toFixed(1)}`;
  const check = { name: `cuda:${ordinal}`, ok: findUnfitness(properties) === undefined, found };
  return check.ok ? check : { ...check, advice: 'miniLLM needs 8.0 or newer (A100, RTX 30 and later)' };
}

async function checkLibrary({ name, find, lost, from }: Library, newest: number, gpus: number): Promise<Check> {
  try {
    const { path, version } = await find(newest);
    return { name, ok: true, found: `${version}, ${path}` };
  } catch (cause) {
    return { name, ok: gpus < from, found: `none, so ${lost}: ${messageOf(cause)}` };
  }
}

async function buildKernels(driver: Driver, capabilities: readonly number[]): Promise<Check> {
  const started = performance.now();
  try {
    const nvrtc = await openNvrtc(driver.major);
    for (const capability of capabilities)
      for (const precision of ['fp32', 'bf16'] as const) await openKernels(driver, nvrtc, capability, precision);
  } catch (cause) {
    return { name: 'GPU kernels', ok: false, found: messageOf(cause) };
  }
  const seconds = (performance.now() - started) / 1000;
  const kernels = `${kernelNames().length} for compute capability ${capabilities.map((each) => (each / 10).toFixed(1)).join(', ')}`;
  return {
    name: 'GPU kernels',
    ok: true,
    found: `${kernels} in fp32 and bf16 are ready after ${formatDuration(seconds)}`,
  };
}
