/**
 * @file A CPU backend that pretends to be far away: the host cannot follow its addresses, every copy and run ends late, those that
 * are not awaited end out of turn, and memory nobody wrote holds NaN. It plays a GPU in tests of the contract.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Plan } from '#minillm/engine/plan.js';
import type {
  Backend,
  DeviceBuffer,
  Executable,
  Outcome,
  Regions,
  RunRequest,
} from '#minillm/engine/runtime/backend.js';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';
import { Random } from '#minillm/support/random.js';

/** Bytes of a float32 or bfloat16 NaN, whichever way they are read. */
const NOT_A_NUMBER = 0xff;

/** Turns of the event loop that a copy may take. */
const MAX_TURNS = 5;

/** Addresses that no process has. */
const FAR_AWAY = 2 ** 52;

export class DistantBackend implements Backend {
  readonly name = 'distant';
  readonly description = 'a stand-in whose memory is its own';
  readonly sharesHostMemory = false;
  readonly #near: Backend;
  readonly #buffers = new Map<DeviceBuffer, DeviceBuffer>();
  readonly #random = new Random(1, 'distance');
  #allocated = 0;
  /** Copies and runs that have begun and not ended. */
  #underWay = 0;
  /** Whether two were ever under way at once: someone did not await the first. */
  overlapped = false;

  /** @param near does the work; it belongs to this backend from here on */
  constructor(near: Backend) {
    this.#near = near;
  }

  get networkPasses() {
    return this.#near.networkPasses;
  }
  get gradientPasses() {
    return this.#near.gradientPasses;
  }
  get overheadBytes() {
    return this.#near.overheadBytes;
  }
  get closed() {
    return this.#near.closed;
  }
  workspaceBytes = (node: Parameters<Backend['workspaceBytes']>[0]): number => this.#near.workspaceBytes(node);
  memory = () => this.#near.memory();
  peak = () => this.#near.peak();
  close = () => this.#near.close();

  allocate(bytes: number, contents: 'zero' | 'undefined'): DeviceBuffer {
    const near = this.#near.allocate(bytes, contents);
    if (contents === 'undefined') void this.#near.write(near, 0, new Uint8Array(bytes).fill(NOT_A_NUMBER));
    const far = { address: FAR_AWAY + this.#allocated++, bytes };
    this.#buffers.set(far, near);
    return far;
  }

  free(buffer: DeviceBuffer): void {
    this.#near.free(this.#nearOf(buffer));
    this.#buffers.delete(buffer);
  }

  write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): Promise<void> {
    return this.#late(() => this.#near.write(this.#nearOf(buffer), byteOffset, source));
  }

  read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): Promise<void> {
    return this.#late(() => this.#near.read(this.#nearOf(buffer), byteOffset, target));
  }

  compile(plan: Plan, regions: Regions, communicator: Communicator): Executable {
    const near = new Map([...regions].map(([region, buffer]) => [region, this.#nearOf(buffer)]));
    const executable = this.#near.compile(plan, near, communicator);
    this.#arenas.set(executable, near.get('arena'));
    return executable;
  }

  release(executable: Executable): void {
    this.#near.release(executable);
  }

  /** Nothing of an earlier run is left in the arena. */
  run(executable: Executable, request: RunRequest): Promise<Outcome> {
    return this.#late(async () => {
      const arena = this.#arenas.get(executable);
      if (arena) await this.#near.write(arena, 0, new Uint8Array(arena.bytes).fill(NOT_A_NUMBER));
      return this.#near.run(executable, request);
    });
  }

  readonly #arenas = new Map<Executable, DeviceBuffer | undefined>();

  async #late<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay++ > 0) this.overlapped = true;
    try {
      for (let turns = Math.floor(MAX_TURNS * this.#random.uniform()); turns > 0; turns--) await nextTurn();
      const result = await work();
      await nextTurn();
      return result;
    } finally {
      this.#underWay--;
    }
  }

  #nearOf(buffer: DeviceBuffer): DeviceBuffer {
    const near = this.#buffers.get(buffer);
    if (!near) throw new TypeError('this buffer is of another backend, or was freed');
    return near;
  }
}
