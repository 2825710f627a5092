/** @file What a backend must do: hold bytes, compile plans, run programs. One connector to one kind of hardware. */

import type { Plan, Region } from '../plan.ts';
import type { Communicator } from './communicator.ts';

/** Memory of the device: an address the host cannot follow and a size in bytes. */
export interface DeviceBuffer {
  readonly address: number;
  readonly bytes: number;
}

export type Regions = ReadonlyMap<Region, DeviceBuffer>;

/** A compiled program; only the backend that made it knows what is inside. */
export interface Executable {
  readonly plan: Plan;
}

export interface Backend {
  readonly name: 'cpu' | 'cuda' | 'null';
  /** The device for a person: "AMD EPYC, 2 threads, avx512bf16". */
  readonly description: string;
  /** Bytes of the device, in all and free for a new run. */
  memory(): { readonly total: number; readonly available: number };
  /** Bytes the backend itself holds besides what is allocated through it: scratch areas, libraries. */
  readonly overheadBytes: number;
  /** Zeroed memory; throws a `UserError` when there is not enough. */
  allocate(bytes: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  /** Copies host memory to the buffer, from `byteOffset` on. */
  write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): void;
  /** Fills `target` from the buffer, from `byteOffset` on. */
  read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): void;
  /** Turns a plan into one table of launches at fixed addresses. */
  compile(plan: Plan, regions: Regions, communicator: Communicator): Executable;
  /** Frees a compiled program. */
  release(executable: Executable): void;
  /**
   * Runs a program once, without blocking JavaScript. `stopped`: the signal ended it between two launches, if the plan
   * allows, or it never began because the signal was aborted or the backend closed. The seconds that each node took, in the
   * order of the plan, are added to `seconds`.
   */
  run(executable: Executable, signal?: AbortSignal, seconds?: Float64Array): Promise<'completed' | 'stopped'>;
  /** Whether `close` has been called: memory is gone, and nothing runs any more. */
  readonly closed: boolean;
  /** Ends what runs, the backend's threads, and frees all its memory. */
  close(): Promise<void>;
}
