/**
 * @file A session: one model's memory on one backend (flat buffers, states, an arena that all programs share) and the
 * programs compiled for it. Programs are planned together first, so that nothing is allocated once they run.
 */

import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import type { ParameterLayout, ParameterPlace } from '../layout.ts';
import type { Plan, Region } from '../plan.ts';
import { byteLength, type FlatBuffer } from '../tensor.ts';
import type { Backend, DeviceBuffer, Executable } from './backend.ts';
import { type Communicator, singleProcess } from './communicator.ts';

export type InputValue = number | Int32Array | Float32Array;

/** Where a result is read to, by its type. */
export type ResultValues = Float32Array | Int32Array;

export interface RunOptions {
  /** Active rows; at most the plan's, which is the default. */
  readonly batch?: number;
  readonly length?: number;
  /** Ends the run between two kernels. */
  readonly signal?: AbortSignal | undefined;
  /** Results by name, each filled from its start before any other program runs. */
  readonly results?: Readonly<Record<string, ResultValues>>;
  /** The seconds that each node of the plan took are added to it. */
  readonly seconds?: Float64Array | undefined;
}

/** What the programs of a session share. */
interface Shared {
  /** The end of the last run: they have one arena, so they take turns. */
  lastRun: Promise<unknown>;
  /** Counts changes of the parameters, which make what is derived from them stale. */
  parametersVersion: number;
}

/** Bytes a session of these plans takes on its device, by purpose. */
export function sessionBytes(layout: ParameterLayout, plans: readonly Plan[]): ReadonlyMap<Region, number> {
  const bytes = new Map<Region, number>();
  const buffers = new Set<FlatBuffer>(['parameters']);
  for (const plan of plans) {
    bytes.set('arena', Math.max(bytes.get('arena') ?? 0, plan.arenaBytes));
    bytes.set('inputs', (bytes.get('inputs') ?? 0) + plan.inputBytes);
    for (const [name, size] of plan.states) bytes.set(`state:${name}`, size);
    for (const { node } of plan.nodes)
      for (const tensor of [...node.inputs, ...node.updates]) {
        if (tensor?.storage.kind === 'range') buffers.add(tensor.storage.buffer);
        if (tensor?.storage.kind === 'gradient' || tensor?.storage.kind === 'statistic') buffers.add('gradients');
      }
  }
  for (const buffer of buffers) bytes.set(buffer, 4 * (buffer === 'gradients' ? layout.gradientCount : layout.count));
  return bytes;
}

export class Session<Name extends string> {
  readonly backend: Backend;
  readonly layout: ParameterLayout;
  readonly #buffers = new Map<Region, DeviceBuffer>();
  readonly #programs: Record<Name, Program>;
  readonly #shared: Shared = { lastRun: Promise.resolve(), parametersVersion: 0 };

  /** Allocates what the plans need and compiles them. */
  constructor(
    backend: Backend,
    layout: ParameterLayout,
    plans: Readonly<Record<Name, Plan>>,
    communicator: Communicator = singleProcess,
  ) {
    this.backend = backend;
    this.layout = layout;
    const all: Plan[] = Object.values(plans);
    for (const [region, bytes] of sessionBytes(layout, all)) {
      if (region !== 'inputs') this.#buffers.set(region, backend.allocate(bytes));
    }
    this.#programs = Object.fromEntries(
      Object.entries<Plan>(plans).map(([name, plan]) => {
        const inputs = backend.allocate(plan.inputBytes);
        const regions = new Map(this.#buffers).set('inputs', inputs);
        return [name, new Program(backend, backend.compile(plan, regions, communicator), regions, this.#shared)];
      }),
    ) as Record<Name, Program>;
  }

  program(name: Name): Program {
    return this.#programs[name];
  }

  /** Copies `source` into a named tensor of a flat buffer, from element `start` of that tensor. */
  write(buffer: FlatBuffer, name: string, source: Float32Array, start = 0): void {
    const { offset } = this.#place(name);
    this.backend.write(this.#buffer(buffer), 4 * (offset + start), source);
    if (buffer === 'parameters') this.#shared.parametersVersion++;
  }

  /** Fills `target` from a named tensor of a flat buffer, from element `start` of that tensor. */
  read(buffer: FlatBuffer, name: string, target: Float32Array, start = 0): void {
    const { offset } = this.#place(name);
    this.backend.read(this.#buffer(buffer), 4 * (offset + start), target);
  }

  /** Reads a statistic and sets it to zero. */
  takeStatistic(name: string): number {
    const offset = this.layout.statistics.get(name);
    if (offset === undefined) throw new TypeError(`there is no statistic ${name}`);
    const value = new Float32Array(1);
    this.backend.read(this.#buffer('gradients'), 4 * offset, value);
    this.backend.write(this.#buffer('gradients'), 4 * offset, new Float32Array(1));
    return value[0] ?? Number.NaN;
  }

  /** Frees the session's memory; its programs must not be running. */
  close(): void {
    for (const program of Object.values<Program>(this.#programs)) program.close();
    for (const buffer of this.#buffers.values()) this.backend.free(buffer);
    this.#buffers.clear();
  }

  #place(name: string): ParameterPlace {
    const place = this.layout.places.get(name);
    if (!place) throw new TypeError(`there is no parameter ${name}`);
    return place;
  }

  #buffer(region: Region): DeviceBuffer {
    const buffer = this.#buffers.get(region);
    if (!buffer) throw new TypeError(`this session has no ${region}`);
    return buffer;
  }
}

/** One compiled program with its input block. */
export class Program {
  readonly plan: Plan;
  readonly #backend: Backend;
  readonly #executable: Executable;
  readonly #regions: ReadonlyMap<Region, DeviceBuffer>;
  readonly #block: ArrayBuffer;
  readonly #shared: Shared;
  /** The parameters that the last run read. */
  #parametersVersion = -1;

  constructor(backend: Backend, executable: Executable, regions: ReadonlyMap<Region, DeviceBuffer>, shared: Shared) {
    this.plan = executable.plan;
    this.#backend = backend;
    this.#executable = executable;
    this.#regions = regions;
    this.#shared = shared;
    this.#block = new ArrayBuffer(this.plan.inputBytes);
  }

  /**
   * Writes the inputs (one not named keeps its last value) and runs, once every earlier run of the session has ended. The
   * inputs must not change before that. `stopped` when the signal was aborted or the backend is closed.
   */
  run(inputs: Readonly<Record<string, InputValue>>, options: RunOptions = {}): Promise<'completed' | 'stopped'> {
    return this.#inTurn(() => this.#run(inputs, options));
  }

  /** Runs, in its turn, if the parameters have changed since it last did: what it derives from them is then up to date. */
  refresh(options: Pick<RunOptions, 'signal'> = {}): Promise<'completed' | 'stopped'> {
    return this.#inTurn(async () => {
      if (this.#parametersVersion === this.#shared.parametersVersion) return 'completed';
      return this.#run({}, options);
    });
  }

  #inTurn(run: () => Promise<'completed' | 'stopped'>): Promise<'completed' | 'stopped'> {
    const turn = this.#shared.lastRun.then(run);
    this.#shared.lastRun = turn.catch(() => undefined);
    return turn;
  }

  async #run(
    inputs: Readonly<Record<string, InputValue>>,
    { batch = this.plan.batch, length = this.plan.length, signal, results = {}, seconds }: RunOptions,
  ): Promise<'completed' | 'stopped'> {
    if (batch > this.plan.batch || length > this.plan.length)
      throw new RangeError(`${batch}×${length} in a program for at most ${this.plan.batch}×${this.plan.length}`);
    if (this.#backend.closed) return 'stopped';
    new Int32Array(this.#block, 0, 2).set([batch, length]);
    for (const [name, value] of Object.entries(inputs)) this.#setInput(name, value);
    this.#backend.write(this.#region('inputs'), 0, new Uint8Array(this.#block));
    const { parametersVersion } = this.#shared;
    const outcome = await this.#backend.run(this.#executable, signal, seconds);
    if (this.plan.updatesParameters) this.#shared.parametersVersion++;
    if (outcome === 'completed') this.#parametersVersion = parametersVersion;
    if (outcome === 'completed' && !this.#backend.closed)
      for (const [name, target] of Object.entries(results)) this.read(name, target);
    return outcome;
  }

  /** Fills `target` from the start of a result, as the last run left it; for a session that nobody else runs. */
  read(name: string, target: ResultValues): void {
    const tensor = this.plan.results.get(name);
    if (!tensor) throw new TypeError(`this program has no result ${name}`);
    const { region, byteOffset } = this.plan.addressOf(tensor);
    this.#backend.read(this.#region(region), byteOffset, target);
  }

  close(): void {
    this.#backend.release(this.#executable);
    this.#backend.free(this.#region('inputs'));
  }

  #setInput(name: string, value: InputValue): void {
    const field = this.plan.inputs.get(name);
    if (!field) throw new TypeError(`this program has no input ${name}`);
    const { tensor, byteOffset } = field;
    const count = byteLength(tensor) / 4;
    const target =
      tensor.dtype === 'int32'
        ? new Int32Array(this.#block, byteOffset, count)
        : new Float32Array(this.#block, byteOffset, count);
    if (typeof value === 'number') target.fill(value);
    else if (value.length > count) throw new RangeError(`input ${name} takes ${count} values and got ${value.length}`);
    else target.set(value);
  }

  #region(region: Region): DeviceBuffer {
    const buffer = this.#regions.get(region);
    if (!buffer) throw new TypeError(`this program has no ${region}`);
    return buffer;
  }
}

/** Bytes of the whole session, the backend's own included. */
export function totalBytes(backend: Backend, bytes: ReadonlyMap<Region, number>): number {
  return [...bytes.values()].reduce((sum, size) => sum + size, backend.overheadBytes);
}

/**
 * Checks that a session fits the device.
 * @param advice what to do if not, worked out only then
 * @throws UserError saying what is needed and what there is
 */
export function checkMemory(
  backend: Backend,
  bytes: ReadonlyMap<Region, number>,
  what: string,
  advice: () => string,
): void {
  const needed = totalBytes(backend, bytes);
  const { available } = backend.memory();
  if (needed <= available) return;
  throw new UserError(`${what} needs ${formatBytes(needed)}, the device has ${formatBytes(available)}; ${advice()}`);
}
