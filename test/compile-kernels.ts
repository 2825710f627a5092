/**
 * @file Before any test: the kernels of every variant that this processor runs are compiled, unless the cache has them. Test
 * files that start together with an empty cache would each compile the same.
 */

import { detectVariant, openKernels } from '#minillm/backends/cpu/libraries.js';
import { runnableVariants } from '#minillm/backends/cpu/variants.js';
import { UserError } from '#minillm/support/errors.js';

export async function setup(): Promise<void> {
  try {
    for (const variant of runnableVariants(await detectVariant()))
      for (const precision of ['fp32', 'bf16'] as const) await openKernels(variant, precision);
  } catch (cause) {
    // without a compiler, the tests that need one say so
    if (!(cause instanceof UserError)) throw cause;
  }
}
