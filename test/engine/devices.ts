/** @file The backends every suite runs on: each variant of the CPU kernels that this machine runs, in both precisions. */

import { afterAll } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { detectVariant } from '#minillm/backends/cpu/libraries.js';
import { runnableVariants, type Variant } from '#minillm/backends/cpu/variants.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';

export type Precision = 'fp32' | 'bf16';

export interface Device {
  readonly name: string;
  readonly variant: Variant;
  readonly precision: Precision;
}

const best = await detectVariant();

export const devices: readonly Device[] = runnableVariants(best).flatMap((variant) =>
  (['fp32', 'bf16'] as const).map((precision) => ({ name: `${variant} ${precision}`, variant, precision })),
);

/** The devices of the processor's best variant, for suites about the engine rather than the kernels. */
export const bestDevices: readonly Device[] = devices.filter(({ variant }) => variant === best);

const opened = new Map<string, Promise<Backend>>();

/** A device with a team of `threads`, opened once in a test file and closed at its end. */
export function openDevice({ name, variant, precision }: Device, threads = 2): Promise<Backend> {
  const key = `${name} ${threads}`;
  const backend = opened.get(key) ?? openCpuBackend({ variant, precision, threads });
  opened.set(key, backend);
  return backend;
}

afterAll(async () => {
  for (const backend of opened.values()) await (await backend).close();
});
