/**
 * @file A session: one model's memory on one backend (flat buffers, states, an arena that all programs share) and the
 * programs compiled for it. Programs are planned together first, so that nothing is allocated once they run. Writes, runs
 * and reads take turns in the order in which they are asked for.
 */

import type { ParameterLayout } from '../layout.ts';
import type { Plan, Region } from '../plan.ts';
import { ownedRuns, stateElements } from '../shard.ts';
import { BYTES_PER_ELEMENT, type FlatBuffer } from '../tensor.ts';
import type { Backend, DeviceBuffer } from './backend.ts';
import { type Communicator, singleProcess } from './communicator.ts';
import { Program } from './program.ts';
import { Turns } from './turns.ts';

/** Bytes a session of these plans takes on its device, by purpose; a plan under two names counts once. */
export function sessionBytes(layout: ParameterLayout, plans: readonly Plan[]): ReadonlyMap<Region, number> {
  const bytes = new Map<Region, number>();
  const buffers = new Set<FlatBuffer>(['parameters']);
  for (const plan of new Set(plans)) {
    bytes.set('arena', Math.max(bytes.get('arena') ?? 0, plan.arenaBytes));
    bytes.set('inputs', (bytes.get('inputs') ?? 0) + plan.inputBytes);
    for (const [name, size] of plan.states) bytes.set(`state:${name}`, size);
    for (const { node } of plan.nodes)
      for (const tensor of [...node.inputs, ...node.updates]) {
        if (tensor?.storage.kind === 'range') buffers.add(tensor.storage.buffer);
        if (tensor?.storage.kind === 'gradient' || tensor?.storage.kind === 'statistic') buffers.add('gradients');
      }
  }
  for (const buffer of buffers) bytes.set(buffer, BYTES_PER_ELEMENT.float32 * bufferElements(buffer, layout));
  return bytes;
}

function bufferElements(buffer: FlatBuffer, layout: ParameterLayout): number {
  if (buffer === 'gradients') return layout.gradientCount;
  return buffer === 'parameters' ? layout.count : stateElements(layout, buffer);
}

interface BufferRun {
  readonly byteOffset: number;
  /** The elements asked for that lie there. */
  readonly from: number;
  readonly to: number;
}

export class Session<Name extends string> {
  readonly backend: Backend;
  readonly layout: ParameterLayout;
  readonly #buffers = new Map<Region, DeviceBuffer>();
  readonly #programs: Record<Name, Program>;
  readonly #turns = new Turns();

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
      // nodes write the arena before later ones read it, so it need not be zeroed
      if (region !== 'inputs')
        this.#buffers.set(region, backend.allocate(bytes, region === 'arena' ? 'undefined' : 'zero'));
    }
    const programs = new Map(
      [...new Set(all)].map((plan) => {
        const executable = backend.compile(plan, this.#buffers, communicator);
        return [plan, new Program(backend, executable, this.#turns)];
      }),
    );
    this.#programs = Object.fromEntries(
      Object.entries<Plan>(plans).map(([name, plan]) => [name, programs.get(plan)]),
    ) as Record<Name, Program>;
  }

  program(name: Name): Program {
    return this.#programs[name];
  }

  /**
   * Copies `source` into a named tensor of a flat buffer, from element `start` of that tensor; of the optimizer's state,
   * the part that this rank keeps.
   */
  write(buffer: FlatBuffer, name: string, source: Float32Array, start = 0): Promise<void> {
    return this.#turns.take(async () => {
      const memory = this.#buffer(buffer);
      for (const { byteOffset, from, to } of this.#runs(buffer, name, start, source.length))
        await this.backend.write(memory, byteOffset, source.subarray(from, to));
      if (buffer === 'parameters') this.#turns.parametersVersion++;
    });
  }

  /**
   * Fills `target` from a named tensor of a flat buffer, from element `start` of that tensor; of the optimizer's state,
   * the part that this rank keeps.
   */
  read(buffer: FlatBuffer, name: string, target: Float32Array, start = 0): Promise<void> {
    return this.#turns.take(async () => {
      const memory = this.#buffer(buffer);
      for (const { byteOffset, from, to } of this.#runs(buffer, name, start, target.length))
        await this.backend.read(memory, byteOffset, target.subarray(from, to));
    });
  }

  /** Frees the session's memory; its programs must not be running. */
  close(): void {
    for (const program of new Set(Object.values<Program>(this.#programs))) program.close();
    for (const buffer of this.#buffers.values()) this.backend.free(buffer);
    this.#buffers.clear();
  }

  /** Where elements of a tensor lie in a buffer, and which of them: all, or those this rank keeps. */
  #runs(buffer: FlatBuffer, name: string, start: number, length: number): readonly BufferRun[] {
    const place = this.layout.places.get(name);
    if (!place) throw new TypeError(`there is no parameter ${name}`);
    if (start + length > place.count)
      throw new RangeError(`elements ${start} to ${start + length} of ${name}, which has ${place.count}`);
    const offset = place.offset + start;
    const runs =
      buffer === 'parameters' || buffer === 'gradients'
        ? [{ start: 0, count: length, stateOffset: offset }]
        : ownedRuns(this.layout, buffer, { offset, count: length });
    return runs.map((run) => ({
      byteOffset: BYTES_PER_ELEMENT.float32 * run.stateOffset,
      from: run.start,
      to: run.start + run.count,
    }));
  }

  #buffer(region: Region): DeviceBuffer {
    const buffer = this.#buffers.get(region);
    if (!buffer) throw new TypeError(`this session has no ${region}`);
    return buffer;
  }
}
