/**
 * @file Before any test: the kernels of every variant that this processor runs are compiled, and those of the GPU that is played or
 * there, unless the cache has them. Test files that start together with an empty cache would each compile the same.
 */

import { detectVariant, openKernels } from '#minillm/backends/cpu/libraries.js';
import { runnableVariants } from '#minillm/backends/cpu/variants.js';
import { openCudaBackend } from '#minillm/backends/cuda/backend.js';
import { UserError } from '#minillm/support/errors.js';
import { type CudaEnvironment, cudaEnvironment, hasStandIn, inEnvironment } from './stand-ins/cuda/cuda.ts';

const PRECISIONS = ['fp32', 'bf16'] as const;

/** What vitest loads anew for each project, in one process. */
const shared: typeof globalThis & { kernels?: Promise<void> } = globalThis;

export function setup(): Promise<void> {
  shared.kernels ??= compileAll();
  return shared.kernels;
}

async function compileAll(): Promise<void> {
  // a GPU that is to be tested and cannot be used ends the tests, with what it lacks
  if (process.env.MINILLM_TEST_GPU === '1') return compileForGpu({});
  try {
    await compileForProcessor();
    if (hasStandIn) await compileForGpu(await cudaEnvironment());
  } catch (cause) {
    // without a compiler, the tests that need one say so
    if (!(cause instanceof UserError)) throw cause;
  }
}

async function compileForProcessor(): Promise<void> {
  for (const variant of runnableVariants(await detectVariant()))
    for (const precision of PRECISIONS) await openKernels(variant, precision);
}

async function compileForGpu(environment: CudaEnvironment): Promise<void> {
  await inEnvironment(environment, async () => {
    for (const precision of PRECISIONS) await (await openCudaBackend({ precision })).close();
  });
}
