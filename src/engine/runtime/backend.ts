/** @file What a backend must do: hold bytes, compile plans, run programs. One connector to one kind of hardware. */

import type { Plan, Region } from '../plan.ts';
import type { Target } from '../target.ts';
import type { Tensor } from '../tensor.ts';
import type { Communicator } from './communicator.ts';

/** Memory of the device: an address the host cannot dereference, and a size in bytes. */
export interface DeviceBuffer {
  readonly address: number;
  readonly bytes: number;
}

export type Regions = ReadonlyMap<Region, DeviceBuffer>;

/** A compiled program; only the backend that made it knows what is inside. */
export interface Executable {
  readonly plan: Plan;
}

/**
 * `stopped`: the signal ended the run between two launches, or the run never began because the signal was aborted or the
 * backend closed.
 */
export type Outcome = 'completed' | 'stopped';

/** Where a result is copied to, in the result's own type. */
export interface ResultTarget {
  readonly tensor: Tensor;
  /** Filled from the start of the tensor. */
  readonly values: ArrayBufferView;
}

/** One run of a program: what goes in and what comes out. */
export interface RunRequest {
  /** The input block, laid out as the plan says; it may change once the run's promise has settled. */
  readonly inputs: Uint8Array;
  /** Filled when the promise of a completed run resolves. */
  readonly results: readonly ResultTarget[];
  /** Ends the run between two launches, unless the plan is atomic. */
  readonly signal?: AbortSignal | undefined;
  /** The seconds each node takes are added to it, in the order of the plan. */
  readonly seconds?: Float64Array | undefined;
}

/**
 * A device. Its memory may be out of the host's reach: bytes move only through `write`, `read` and `run`, and each is
 * done only when its promise resolves. Callers await one before the next (a `Session` does); a backend need not order
 * them.
 */
export interface Backend extends Target {
  readonly name: string;
  /** The device for a person: "AMD EPYC, 2 threads, avx512bf16". */
  readonly description: string;
  /** Bytes of the device's memory: in total, and available to a new run. */
  memory(): { readonly total: number; readonly available: number };
  /** Whether that memory is the host's own, some of which the process itself takes. */
  readonly sharesHostMemory: boolean;
  /** Bytes the backend itself holds besides what is allocated through it: scratch areas, libraries. */
  readonly overheadBytes: number;
  /** Dense matrix-product rate in FLOP/s: the device's own figure where its maker states one, else measured. */
  peak(): Promise<number>;
  /**
   * @param contents of fresh memory: all zero, or anything
   * @throws UserError when there is not enough memory.
   */
  allocate(bytes: number, contents: 'zero' | 'undefined'): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  /** Copies host memory, which must not change meanwhile, to the buffer, from `byteOffset` on. */
  write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): Promise<void>;
  /** Fills `target` from the buffer, from `byteOffset` on. */
  read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): Promise<void>;
  /** Turns a plan into one table of launches at fixed addresses. The input block is the executable's own. */
  compile(plan: Plan, regions: Regions, communicator: Communicator): Executable;
  /** Frees a compiled program. */
  release(executable: Executable): void;
  /**
   * Runs a program once. The event loop has its turn before the promise resolves, so a row of runs keeps nobody from being heard; a
   * device without threads of its own blocks JavaScript meanwhile.
   * @throws the communicator's error when a collective failed.
   */
  run(executable: Executable, request: RunRequest): Promise<Outcome>;
  /** Whether `close` has been called: memory is gone, and nothing runs any more. */
  readonly closed: boolean;
  /** Stops what is running, ends the backend's threads and frees all its memory. */
  close(): Promise<void>;
}
