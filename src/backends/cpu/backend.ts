/** @file The CPU backend: kernels compiled for this processor, and a team of native threads. */

import { cpus } from 'node:os';
import type { Backend } from '../../engine/runtime/backend.ts';
import type { Precision } from '../../engine/tensor.ts';
import type { NativeLibrary } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';
import { processorCount } from '../../support/processors.ts';
import { hostMemory } from './host-memory.ts';
import { detectVariant, type Host, openHost, openKernels } from './libraries.ts';
import { type Team, TeamBackend } from './team-backend.ts';
import { chooseVariant, type Variant } from './variants.ts';

export interface CpuOptions {
  /** Threads of the team; default: what the system grants this process. */
  readonly threads?: number;
  readonly precision?: Precision;
  /** Instruction-set variant; default: `MINILLM_CPU_VARIANT`, else the processor's best. */
  readonly variant?: string;
}

/** Opens the CPU backend: compiles or finds its kernels and starts its threads. */
export async function openCpuBackend(options: CpuOptions = {}): Promise<Backend> {
  const { threads = processorCount(), precision = 'fp32' } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new UserError(`threads: expected a whole number of at least 1, found ${threads}`);
  const variant = chooseVariant(await detectVariant(), options.variant ?? process.env.MINILLM_CPU_VARIANT);
  return new TeamBackend(
    nativeTeam(await openHost(), await openKernels(variant, precision), threads, variant, precision),
  );
}

function nativeTeam(host: Host, kernels: NativeLibrary, threads: number, variant: Variant, precision: Precision): Team {
  const privateBytes = kernels.function('int64_t private_scratch_bytes(void)')();
  const sharedBytes = kernels.function('int64_t shared_scratch_bytes(void)')();
  const team = host.createTeam(threads, privateBytes, sharedBytes);
  if (team === 0) throw new UserError(`${threads} threads could not be started; ask for fewer with --threads`);
  return {
    name: 'cpu',
    description: `${cpus()[0]?.model.trim() ?? 'CPU'}, ${threads} thread${threads === 1 ? '' : 's'}, ${variant}`,
    precision,
    sharesHostMemory: true,
    overheadBytes: sharedBytes + threads * privateBytes,
    pointerBytes: 8,
    memory: hostMemory,
    allocate: (bytes) => {
      const address = host.allocate(bytes);
      if (address === 0) throw new UserError(`the system refused ${(bytes / 1e9).toFixed(2)} GB of memory`);
      return address;
    },
    free: host.free,
    write: (address, source) => host.write(address, source, source.byteLength),
    read: (address, target) => host.read(address, target, target.byteLength),
    kernel: (name) => ({ address: kernels.address(name), fields: kernels.text(`${name}_fields`) }),
    run: (launches, count, active, stop, times) => host.run(team, launches, count, active, stop, times),
    close: async () => {
      host.closeTeam(team);
    },
  };
}
