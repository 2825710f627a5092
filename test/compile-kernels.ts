/**
 * @file Before any test: the kernels of every variant that this processor runs are compiled, and those of the GPU that is played or
 * there, unless the cache has them. Test files that start together with an empty cache would each compile the same.
 */

import { detectVariant, openKernels } from '#minillm/backends/cpu/libraries.js';
import { runnableVariants } from '#minillm/backends/cpu/variants.js';
import { openCudaBackend } from '#minillm/backends/cuda/backend.js';
import { UserError } from '#minillm/support/errors.js';
import { type CudaEnvironment, cudaEnvironment, hasNvrtc } from './stand-ins/cuda/cuda.ts';

const PRECISIONS = ['fp32', 'bf16'] as const;

export async function setup(): Promise<void> {
  const isOnGpu = process.env.MINILLM_TEST_GPU === '1';
  try {
    if (!isOnGpu) await compileForProcessor();
    if (hasNvrtc) await compileForGpu(isOnGpu ? {} : await cudaEnvironment());
  } catch (cause) {
    // without a compiler, the tests that need one say so
    if (!(cause instanceof UserError)) throw cause;
  }
}

async function compileForProcessor(): Promise<void> {
  for (const variant of runnableVariants(await detectVariant()))
    for (const precision of PRECISIONS) await openKernels(variant, precision);
}

/** @param environment with which a process sees the GPU; this one keeps its own, which the tests inherit */
async function compileForGpu(environment: CudaEnvironment): Promise<void> {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  for (const precision of PRECISIONS) await (await openCudaBackend({ precision })).close();
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
