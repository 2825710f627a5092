/** @file The native libraries of the CPU backend: the team of threads, and the kernels for one variant and precision. */

import { readdirSync } from 'node:fs';
import type { Precision } from '../../engine/tensor.ts';
import { compileLibrary } from '../../native/compile.ts';
import { type NativeLibrary, openLibrary } from '../../native/library.ts';
import { VARIANT_FLAGS, VARIANTS, type Variant } from './variants.ts';

const KERNELS = new URL('./kernels/', import.meta.url);
/** Sources that are not kernels: they are compiled once, whatever the variant. */
const HOST_SOURCES = ['host.c', 'team.c'];
const FLAGS = ['-O3', '-std=gnu11', '-ffp-contract=fast', '-fno-math-errno', '-fno-trapping-math'];

/** What host.c and team.c export, bound once; addresses are numbers. */
function bindHost(library: NativeLibrary) {
  return {
    allocate: library.function('int64_t host_allocate(int64_t bytes)'),
    free: library.function('void host_free(int64_t address, int64_t bytes)'),
    write: library.function('void host_write(int64_t address, const void *source, int64_t bytes)'),
    read: library.function('void host_read(int64_t address, _Out_ void *target, int64_t bytes)'),
    variant: library.function('int32_t host_variant(void)'),
    createTeam: library.function('int64_t team_create(int32_t threads, int64_t private_bytes, int64_t shared_bytes)'),
    closeTeam: library.function('void team_close(int64_t team)'),
    run: library.asynchronous(
      'int32_t team_run(int64_t team, int64_t launches, int64_t count, int64_t active, int64_t stop, int64_t times)',
    ),
  };
}

export type Host = ReturnType<typeof bindHost>;

let host: Promise<Host> | undefined;

/** The host library, compiled on first use. */
export function openHost(): Promise<Host> {
  host ??= compileLibrary({ name: 'host', folder: KERNELS, sources: HOST_SOURCES, flags: FLAGS }).then((path) =>
    bindHost(openLibrary(path)),
  );
  return host;
}

/** The best variant of this processor. */
export async function detectVariant(): Promise<Variant> {
  const { variant } = await openHost();
  return VARIANTS[variant()] ?? 'portable';
}

/** The kernels of one variant, storing activations as float32 or bfloat16; compiled on first use. */
export async function openKernels(variant: Variant, precision: Precision): Promise<NativeLibrary> {
  const sources = readdirSync(KERNELS).filter((file) => file.endsWith('.c') && !HOST_SOURCES.includes(file));
  const flags = [...FLAGS, ...VARIANT_FLAGS[variant], ...(precision === 'bf16' ? ['-DMINILLM_BF16'] : [])];
  return openLibrary(
    await compileLibrary({ name: `${variant}-${precision}`, folder: KERNELS, sources: sources.sort(), flags }),
  );
}
