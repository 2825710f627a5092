/**
 * @file The CPU backend: plans become tables of C kernels that a team of threads walks in one asynchronous native call.
 */

import { cpus } from 'node:os';
import type { Backend, DeviceBuffer, Executable, Regions } from '../../engine/backend.ts';
import type { Communicator } from '../../engine/communicator.ts';
import type { Plan } from '../../engine/plan.ts';
import type { Precision } from '../../engine/tensor.ts';
import type { NativeLibrary } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';
import { processorCount } from '../../support/processors.ts';
import { hostMemory } from './host-memory.ts';
import { encodeTable, launchesOf, tableBytes } from './launch-table.ts';
import { detectVariant, type Host, openHost, openKernels } from './libraries.ts';
import { chooseVariant, type Variant } from './variants.ts';

export interface CpuOptions {
  /** Threads of the team; default: what the system grants this process. */
  readonly threads?: number;
  readonly precision?: Precision;
  /** Instruction-set variant; default: `MINILLM_CPU_VARIANT`, else the processor's best. */
  readonly variant?: string;
}

interface CpuExecutable extends Executable {
  readonly table: DeviceBuffer;
  readonly launches: number;
  readonly extents: number;
}

/** Bytes of the stop flag's own cache line. */
const CONTROL_BYTES = 64;

/** Opens the CPU backend: compiles or finds its kernels and starts its threads. */
export async function openCpuBackend(options: CpuOptions = {}): Promise<Backend> {
  const { threads = processorCount(), precision = 'fp32' } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new UserError(`threads must be a whole number from 1, not ${threads}`);
  const variant = chooseVariant(await detectVariant(), options.variant ?? process.env.MINILLM_CPU_VARIANT);
  return new CpuBackend(await openHost(), await openKernels(variant, precision), threads, variant, precision);
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly description: string;
  readonly overheadBytes: number;
  readonly #host: Host;
  readonly #kernels: NativeLibrary;
  readonly #precision: Precision;
  readonly #team: number;
  readonly #control: DeviceBuffer;
  readonly #allocated = new Set<DeviceBuffer>();
  #running: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(host: Host, kernels: NativeLibrary, threads: number, variant: Variant, precision: Precision) {
    this.#host = host;
    this.#precision = precision;
    this.#kernels = kernels;
    this.description = `${cpus()[0]?.model.trim() ?? 'CPU'}, ${threads} thread${threads === 1 ? '' : 's'}, ${variant}`;
    const privateBytes = kernels.function('int64_t private_scratch_bytes(void)')();
    const sharedBytes = kernels.function('int64_t shared_scratch_bytes(void)')();
    this.overheadBytes = sharedBytes + threads * privateBytes;
    this.#team = host.createTeam(threads, privateBytes, sharedBytes);
    if (this.#team === 0) throw new UserError(`${threads} threads could not be started; ask for fewer with --threads`);
    this.#control = this.allocate(CONTROL_BYTES);
  }

  memory(): { total: number; available: number } {
    return hostMemory();
  }

  allocate(bytes: number): DeviceBuffer {
    const address = this.#host.allocate(Math.max(bytes, 1));
    if (address === 0) throw new UserError(`the system refused ${(bytes / 1e9).toFixed(2)} GB of memory`);
    const buffer = { address, bytes };
    this.#allocated.add(buffer);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#allocated.delete(buffer)) this.#host.free(buffer.address, Math.max(buffer.bytes, 1));
  }

  write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): void {
    this.#check(buffer, byteOffset, source);
    this.#host.write(buffer.address + byteOffset, source, source.byteLength);
  }

  read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): void {
    this.#check(buffer, byteOffset, target);
    this.#host.read(buffer.address + byteOffset, target, target.byteLength);
  }

  compile(plan: Plan, regions: Regions, communicator: Communicator): CpuExecutable {
    if (plan.precision && plan.precision !== this.#precision)
      throw new TypeError(`a program traced in ${plan.precision} on a backend opened for ${this.#precision}`);
    const base = (region: Parameters<Regions['get']>[0]): number => {
      const buffer = regions.get(region);
      if (!buffer) throw new TypeError(`the plan needs ${region}, which was not allocated`);
      return buffer.address;
    };
    const launches = launchesOf(
      plan,
      (name) => this.#kernels.address(name),
      ({ region, byteOffset }) => base(region) + byteOffset,
      communicator,
    );
    const table = this.allocate(tableBytes(launches));
    this.write(table, 0, encodeTable(launches, table.address));
    return { plan, table, launches: launches.length, extents: base('inputs') };
  }

  release(executable: Executable): void {
    this.free((executable as CpuExecutable).table);
  }

  async run(executable: Executable, signal?: AbortSignal, seconds?: Float64Array): Promise<'completed' | 'stopped'> {
    if (!seconds) return this.#walk(executable, signal, 0);
    const moments = new BigInt64Array((executable as CpuExecutable).launches + 1);
    const written = this.allocate(moments.byteLength);
    try {
      const outcome = await this.#walk(executable, signal, written.address);
      if (outcome === 'completed' && !this.#closed) {
        this.read(written, 0, moments);
        for (let i = 0; i < seconds.length; i++) seconds[i]! += Number(moments[i + 1]! - moments[i]!) / 1e9;
      }
      return outcome;
    } finally {
      this.free(written);
    }
  }

  /** One team walks one table at a time; a second caller waits for the first. */
  #walk(executable: Executable, signal: AbortSignal | undefined, times: number): Promise<'completed' | 'stopped'> {
    const { plan, table, launches, extents } = executable as CpuExecutable;
    const walk = this.#running.then(async () => {
      if (this.#closed || signal?.aborted) return 'stopped';
      const raise = () => this.#raiseStop(1);
      this.#raiseStop(0);
      signal?.addEventListener('abort', raise, { once: true });
      try {
        const stop = plan.updatesParameters ? 0 : this.#control.address;
        const stopped = await this.#host.run(this.#team, table.address, launches, extents, stop, times);
        return stopped === 0 ? 'completed' : 'stopped';
      } finally {
        signal?.removeEventListener('abort', raise);
      }
    });
    this.#running = walk.catch(() => undefined);
    return walk;
  }

  /** Native code trusts its addresses; this is where they are checked. */
  #check(buffer: DeviceBuffer, byteOffset: number, { byteLength }: ArrayBufferView): void {
    if (!this.#allocated.has(buffer)) throw new Error('the buffer was freed, or its backend is closed');
    if (byteOffset < 0 || byteOffset + byteLength > buffer.bytes)
      throw new RangeError(`bytes ${byteOffset} to ${byteOffset + byteLength} of a buffer of ${buffer.bytes}`);
  }

  #raiseStop(flag: 0 | 1): void {
    this.#host.write(this.#control.address, new Int32Array([flag]), 4);
  }

  get closed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#raiseStop(1);
    await this.#running;
    this.#host.closeTeam(this.#team);
    for (const buffer of [...this.#allocated]) this.free(buffer);
  }
}
