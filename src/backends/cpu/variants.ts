/** @file The instruction-set variants the kernels are compiled for, and which of them this processor runs. */

import { UserError } from '../../support/errors.ts';

const AVX2 = ['-mavx2', '-mfma'];
const AVX512 = [...AVX2, '-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq'];
const AVX512BF16 = [...AVX512, '-mavx512bf16'];

/** Compiler flags by variant, slowest first; in the order of `host_variant` in host.c. */
export const VARIANT_FLAGS = {
  portable: [],
  avx2: AVX2,
  avx512: AVX512,
  avx512bf16: AVX512BF16,
  amx: [...AVX512BF16, '-mamx-tile', '-mamx-bf16'],
  neon: [],
} as const satisfies Record<string, readonly string[]>;

export type Variant = keyof typeof VARIANT_FLAGS;

export const VARIANTS = Object.keys(VARIANT_FLAGS) as readonly Variant[];

/** The variants that a processor whose best is `best` can run, best last. */
export function runnableVariants(best: Variant): readonly Variant[] {
  return best === 'neon' ? ['portable', 'neon'] : VARIANTS.slice(0, VARIANTS.indexOf(best) + 1);
}

/** The variant to use: `forced` (from `MINILLM_CPU_VARIANT`) if the processor has it, else the best. */
export function chooseVariant(best: Variant, forced: string | undefined): Variant {
  if (!forced) return best;
  const found = runnableVariants(best).find((variant) => variant === forced);
  if (found) return found;
  throw new UserError(
    `MINILLM_CPU_VARIANT is ${forced}, which this processor does not run; it runs ${runnableVariants(best).join(', ')}`,
  );
}
