/** @file A backend whose programs are tables of the C kernels, walked by a team of threads. */

import type { Plan } from '../../engine/plan.ts';
import type { Backend, DeviceBuffer, Executable, Outcome, Regions, RunRequest } from '../../engine/runtime/backend.ts';
import type { Communicator } from '../../engine/runtime/communicator.ts';
import { Turns } from '../../engine/runtime/turns.ts';
import type { Precision } from '../../engine/tensor.ts';
import { type PointerBytes, parseFields } from '../kernel-arguments.ts';
import { buildLaunches, encodeTable, type Kernel, tableBytes } from './launch-table.ts';
import { measureMatrixRate } from './peak.ts';
import { cpuTarget } from './target.ts';

/** The threads, their memory, and the kernels they know. */
export interface Team {
  /** Of the backend. */
  readonly name: string;
  /** The device for a person. */
  readonly description: string;
  readonly precision: Precision;
  /** Whether its memory is the host's own. */
  readonly sharesHostMemory: boolean;
  /** Bytes of its scratch areas. */
  readonly overheadBytes: number;
  readonly pointerBytes: PointerBytes;
  memory(): { readonly total: number; readonly available: number };
  /** Zeroed memory of at least one byte. @throws UserError when there is no more */
  allocate(bytes: number): number;
  free(address: number, bytes: number): void;
  write(address: number, source: ArrayBufferView): void;
  read(address: number, target: ArrayBufferView): void;
  /** The address of a kernel, and its struct of arguments as C writes it. */
  kernel(name: string): { readonly address: number; readonly fields: string };
  /**
   * Walks a table of launches; 0 is the address of no stop flag and no times.
   * @returns what `team_run` in kernels/team.c does
   */
  run(launches: number, count: number, active: number, stop: number, times: number): Promise<number>;
  /** Ends the threads. */
  close(): Promise<void>;
}

interface TeamExecutable extends Executable {
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

export class TeamBackend implements Backend {
  readonly name: string;
  readonly description: string;
  readonly sharesHostMemory: boolean;
  readonly overheadBytes: number;
  readonly networkPasses = cpuTarget.networkPasses;
  readonly gradientPasses = cpuTarget.gradientPasses;
  readonly workspaceBytes = cpuTarget.workspaceBytes;
  readonly #team: Team;
  readonly #known = new Map<string, Kernel>();
  readonly #control: DeviceBuffer;
  readonly #allocated = new Set<DeviceBuffer>();
  /** One team walks one table at a time. */
  readonly #walks = new Turns();
  #closed = false;

  constructor(team: Team) {
    this.#team = team;
    this.name = team.name;
    this.description = team.description;
    this.sharesHostMemory = team.sharesHostMemory;
    this.overheadBytes = team.overheadBytes;
    this.#control = this.allocate(CONTROL_BYTES);
  }

  memory(): { readonly total: number; readonly available: number } {
    return this.#team.memory();
  }

  peak(): Promise<number> {
    return measureMatrixRate(this, this.#team.precision);
  }

  /** Always zeroed pages, whatever contents are asked for. */
  allocate(bytes: number): DeviceBuffer {
    const buffer = { address: this.#team.allocate(Math.max(bytes, 1)), bytes };
    this.#allocated.add(buffer);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#allocated.delete(buffer)) this.#team.free(buffer.address, Math.max(buffer.bytes, 1));
  }

  async write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): Promise<void> {
    this.#write(buffer, byteOffset, source);
  }

  async read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): Promise<void> {
    this.#read(buffer, byteOffset, target);
  }

  compile(plan: Plan, regions: Regions, communicator: Communicator): TeamExecutable {
    if (plan.precision && plan.precision !== this.#team.precision)
      throw new TypeError(`a program traced in ${plan.precision} on a backend opened for ${this.#team.precision}`);
    const inputs = this.allocate(plan.inputBytes);
    const all: Regions = new Map(regions).set('inputs', inputs);
    const launches = buildLaunches(
      plan,
      (name) => this.#kernel(name),
      ({ region, byteOffset }) => bufferOf(all, region).address + byteOffset,
      communicator.native,
    );
    const table = this.allocate(tableBytes(launches, this.#team.pointerBytes));
    this.#write(table, 0, encodeTable(launches, table.address, this.#team.pointerBytes));
    return { plan, table, launches: launches.length, inputs, regions: all, communicator };
  }

  #kernel(name: string): Kernel {
    const known = this.#known.get(name);
    if (known) return known;
    const { address, fields } = this.#team.kernel(name);
    const kernel = { address, fields: parseFields(fields) };
    this.#known.set(name, kernel);
    return kernel;
  }

  release(executable: Executable): void {
    const { table, inputs } = executable as TeamExecutable;
    this.free(table);
    this.free(inputs);
  }

  run(executable: Executable, request: RunRequest): Promise<Outcome> {
    return this.#walks.take(async () => {
      const { plan, inputs, launches, regions } = executable as TeamExecutable;
      const { signal, results, seconds } = request;
      if (this.#closed || signal?.aborted) return 'stopped';
      this.#write(inputs, 0, request.inputs);
      const moments = new BigInt64Array(seconds ? launches + 1 : 0);
      const outcome = await this.#walk(executable as TeamExecutable, signal, moments);
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
    { plan, table, launches, inputs, communicator }: TeamExecutable,
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
      const outcome = await this.#team.run(table.address, launches, inputs.address, stop, times);
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
    this.#team.write(buffer.address + byteOffset, source);
  }

  #read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): void {
    this.#check(buffer, byteOffset, target);
    this.#team.read(buffer.address + byteOffset, target);
  }

  /** Kernels trust their addresses; this is where they are checked. */
  #check(buffer: DeviceBuffer, byteOffset: number, { byteLength }: ArrayBufferView): void {
    if (!this.#allocated.has(buffer)) throw new Error('the buffer was freed, or its backend is closed');
    if (byteOffset < 0 || byteOffset + byteLength > buffer.bytes)
      throw new RangeError(`bytes ${byteOffset} to ${byteOffset + byteLength} of a buffer of ${buffer.bytes}`);
  }

  #raiseStop(flag: 0 | 1): void {
    this.#team.write(this.#control.address, new Int32Array([flag]));
  }

  get closed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#raiseStop(1);
    await this.#walks.take(async () => {});
    await this.#team.close();
    for (const buffer of [...this.#allocated]) this.free(buffer);
  }
}

function bufferOf(regions: Regions, region: Parameters<Regions['get']>[0]): DeviceBuffer {
  const buffer = regions.get(region);
  if (!buffer) throw new TypeError(`the plan needs ${region}, which was not allocated`);
  return buffer;
}
