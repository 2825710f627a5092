/**
 * @file The CPU backend: plans become tables of C kernels that a team of threads walks in one asynchronous native call.
 */

import { cpus } from 'node:os';
import type { Plan } from '../../engine/plan.ts';
import type { Backend, DeviceBuffer, Executable, Outcome, Regions, RunRequest } from '../../engine/runtime/backend.ts';
import type { Communicator } from '../../engine/runtime/communicator.ts';
import { Turns } from '../../engine/runtime/turns.ts';
import type { Precision } from '../../engine/tensor.ts';
import type { NativeLibrary } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';
import { processorCount } from '../../support/processors.ts';
import { parseFields } from '../kernel-arguments.ts';
import { hostMemory } from './host-memory.ts';
import { buildLaunches, encodeTable, type Kernel, tableBytes } from './launch-table.ts';
import { detectVariant, type Host, openHost, openKernels } from './libraries.ts';
import { measureMatrixRate } from './peak.ts';
import { cpuTarget } from './target.ts';
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
  /** The input block, which begins with the active extents. */
  readonly inputs: DeviceBuffer;
  readonly regions: Regions;
  readonly communicator: Communicator;
}

/** Bytes of the stop flag's own cache line. */
const CONTROL_BYTES = 64;

/** What `team_run` returns. */
const COMPLETED = 0;
const FAILED = 2;

/** Opens the CPU backend: compiles or finds its kernels and starts its threads. */
export async function openCpuBackend(options: CpuOptions = {}): Promise<Backend> {
  const { threads = processorCount(), precision = 'fp32' } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new UserError(`threads: expected a whole number of at least 1, found ${threads}`);
  const variant = chooseVariant(await detectVariant(), options.variant ?? process.env.MINILLM_CPU_VARIANT);
  return new CpuBackend(await openHost(), await openKernels(variant, precision), threads, variant, precision);
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly description: string;
  readonly sharesHostMemory = true;
  readonly overheadBytes: number;
  readonly networkPasses = cpuTarget.networkPasses;
  readonly gradientPasses = cpuTarget.gradientPasses;
  readonly workspaceBytes = cpuTarget.workspaceBytes;
  readonly #host: Host;
  readonly #kernels: NativeLibrary;
  readonly #known = new Map<string, Kernel>();
  readonly #precision: Precision;
  readonly #team: number;
  readonly #control: DeviceBuffer;
  readonly #allocated = new Set<DeviceBuffer>();
  /** One team walks one table at a time. */
  readonly #walks = new Turns();
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

  peak(): Promise<number> {
    return measureMatrixRate(this, this.#precision);
  }

  /** Always zeroed pages, whatever contents are asked for. */
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

  async write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): Promise<void> {
    this.#write(buffer, byteOffset, source);
  }

  async read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): Promise<void> {
    this.#read(buffer, byteOffset, target);
  }

  compile(plan: Plan, regions: Regions, communicator: Communicator): CpuExecutable {
    if (plan.precision && plan.precision !== this.#precision)
      throw new TypeError(`a program traced in ${plan.precision} on a backend opened for ${this.#precision}`);
    const inputs = this.allocate(plan.inputBytes);
    const all: Regions = new Map(regions).set('inputs', inputs);
    const launches = buildLaunches(
      plan,
      (name) => this.#kernel(name),
      ({ region, byteOffset }) => bufferOf(all, region).address + byteOffset,
      communicator.native,
    );
    const table = this.allocate(tableBytes(launches));
    this.#write(table, 0, encodeTable(launches, table.address));
    return { plan, table, launches: launches.length, inputs, regions: all, communicator };
  }

  #kernel(name: string): Kernel {
    const known = this.#known.get(name);
    if (known) return known;
    const fields = parseFields(this.#kernels.text(`${name}_fields`));
    const kernel = { address: this.#kernels.address(name), fields };
    this.#known.set(name, kernel);
    return kernel;
  }

  release(executable: Executable): void {
    const { table, inputs } = executable as CpuExecutable;
    this.free(table);
    this.free(inputs);
  }

  run(executable: Executable, request: RunRequest): Promise<Outcome> {
    return this.#walks.take(async () => {
      const { plan, inputs, launches, regions } = executable as CpuExecutable;
      const { signal, results, seconds } = request;
      if (this.#closed || signal?.aborted) return 'stopped';
      this.#write(inputs, 0, request.inputs);
      const moments = new BigInt64Array(seconds ? launches + 1 : 0);
      const outcome = await this.#walk(executable as CpuExecutable, signal, moments);
      if (outcome === 'stopped') return outcome;
      if (seconds) for (let i = 0; i < seconds.length; i++) seconds[i]! += Number(moments[i + 1]! - moments[i]!) / 1e9;
      for (const { tensor, values } of results) {
        const { region, byteOffset } = plan.addressOf(tensor);
        this.#read(bufferOf(regions, region), byteOffset, values);
      }
      return outcome;
    });
  }

  /** @param moments receives the times at which the walk began and each launch ended, in ns; empty if not wanted */
  async #walk(
    { plan, table, launches, inputs, communicator }: CpuExecutable,
    signal: AbortSignal | undefined,
    moments: BigInt64Array,
  ): Promise<Outcome> {
    const raise = () => this.#raiseStop(1);
    this.#raiseStop(0);
    signal?.addEventListener('abort', raise, { once: true });
    const written = moments.length > 0 ? this.allocate(moments.byteLength) : undefined;
    try {
      const stop = plan.isAtomic ? 0 : this.#control.address;
      const times = written?.address ?? 0;
      const outcome = await this.#host.run(this.#team, table.address, launches, inputs.address, stop, times);
      if (outcome === FAILED) throw communicator.failure();
      if (written) this.#read(written, 0, moments);
      return outcome === COMPLETED ? 'completed' : 'stopped';
    } finally {
      signal?.removeEventListener('abort', raise);
      if (written) this.free(written);
    }
  }

  #write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): void {
    this.#check(buffer, byteOffset, source);
    this.#host.write(buffer.address + byteOffset, source, source.byteLength);
  }

  #read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): void {
    this.#check(buffer, byteOffset, target);
    this.#host.read(buffer.address + byteOffset, target, target.byteLength);
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
    await this.#walks.take(async () => {});
    this.#host.closeTeam(this.#team);
    for (const buffer of [...this.#allocated]) this.free(buffer);
  }
}

function bufferOf(regions: Regions, region: Parameters<Regions['get']>[0]): DeviceBuffer {
  const buffer = regions.get(region);
  if (!buffer) throw new TypeError(`the plan needs ${region}, which was not allocated`);
  return buffer;
}
