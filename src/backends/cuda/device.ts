/** @file A GPU that was opened: its context, the stream that all its work is put on, its memory. */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { CublasLtError } from '../../native/cuda/cublaslt.ts';
import { type DeviceProperties, type Driver, DriverError } from '../../native/cuda/driver.ts';
import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';

/** Compute capability 8.0, Ampere: the first with bf16 products and asynchronous copies. */
const MIN_CAPABILITY = 80;
/** Copies between the host's memory and the device's go in pieces, so that JavaScript answers in between. */
const PIECE_BYTES = 64 * 2 ** 20;
/** How much of the time that a run takes at least is slept away. */
const SLEPT = 0.9;
/** Looks before that. */
const FIRST_LOOKS = 2;
/** How long to look without a pause for what takes longer than expected: another rank may be waited for. */
const IMPATIENT_MILLISECONDS = 10;

export interface CudaDevice {
  readonly driver: Driver;
  readonly ordinal: number;
  readonly properties: DeviceProperties;
  readonly context: number;
  readonly stream: number;
  /** Memory that is taken without an allocation of a buffer, as far as it was noted: modules, graphs, cuBLASLt's own. */
  readonly heldBytes: number;
  /** Begins to note memory that the driver and libraries take or give back meanwhile; what it returns ends it. */
  note(): () => void;
  /** @throws UserError when memory is short, with how much there is. */
  allocate(bytes: number): number;
  write(address: number, source: ArrayBufferView): Promise<void>;
  /** Fills `target` when all that has been put on the stream is done. */
  read(address: number, target: ArrayBufferView): Promise<void>;
  /**
   * Resolves when all that has been put on the stream is done.
   * @param seconds how long it may be expected to take
   * @param check called between two looks; what it throws ends the wait
   */
  finish(seconds?: number, check?: () => void): Promise<void>;
  /** Gives something back. A GPU that has failed has nothing left to give back: its errors have been told. */
  release(giveBack: () => void): void;
  close(): void;
}

/** Why a GPU cannot be used. */
export function findUnfitness({ name, computeCapability }: DeviceProperties): string | undefined {
  if (computeCapability >= MIN_CAPABILITY) return undefined;
  return `expected a GPU of compute capability 8.0 or newer (A100, RTX 30 and later), found ${name}, which has ${(computeCapability / 10).toFixed(1)}`;
}

/** @throws UserError when there is no such GPU, or it is too old. */
export function openDevice(driver: Driver, ordinal: number): CudaDevice {
  const count = driver.deviceCount();
  if (ordinal >= count)
    throw new UserError(
      `expected a GPU cuda:${ordinal}, found ${count} (cuda:0${count > 1 ? ` to cuda:${count - 1}` : ''}); CUDA_VISIBLE_DEVICES may hide others`,
    );
  const properties = driver.properties(ordinal);
  const unfitness = findUnfitness(properties);
  if (unfitness !== undefined) throw new UserError(`${unfitness}; use --device cpu`);
  const context = driver.openContext(ordinal);
  const stream = driver.createStream(0);
  const done = driver.createEvent();

  const finish = async (seconds = 0, check: () => void = () => {}): Promise<void> => {
    driver.record(done, stream);
    const patience = 1000 * seconds + IMPATIENT_MILLISECONDS;
    const began = performance.now();
    for (let looks = 0; !driver.isDone(done); looks++) {
      check();
      const milliseconds = Math.floor(1000 * SLEPT * seconds);
      if (looks === FIRST_LOOKS && milliseconds > 1) await sleep(milliseconds);
      else if (performance.now() - began > patience) await sleep(1);
      else await nextTurn();
    }
  };

  let heldBytes = 0;

  return {
    driver,
    ordinal,
    properties,
    context,
    stream,
    get heldBytes() {
      return heldBytes;
    },
    note() {
      const before = driver.memory().free;
      return () => {
        heldBytes += before - driver.memory().free;
      };
    },
    allocate(bytes) {
      try {
        return driver.allocate(Math.max(bytes, 1));
      } catch (cause) {
        if (!(cause instanceof DriverError) || !cause.isOutOfMemory) throw cause;
        const { free, total } = driver.memory();
        throw new UserError(
          `cuda:${ordinal} refused ${formatBytes(bytes)} of memory: ${formatBytes(free)} of its ${formatBytes(total)} are free; take a smaller batch, or end what else uses the GPU (nvidia-smi shows it)`,
        );
      }
    },
    async write(address, source) {
      for (const [at, piece] of pieces(source)) {
        driver.copyToDevice(address + at, piece, piece.length, stream);
        await finish();
      }
    },
    async read(address, target) {
      // a copy to pageable memory would block JavaScript until then
      await finish();
      for (const [at, piece] of pieces(target)) {
        driver.copyToHost(piece, address + at, piece.length, stream);
        await finish();
      }
    },
    finish,
    release(giveBack) {
      try {
        giveBack();
      } catch (cause) {
        if (!(cause instanceof DriverError || cause instanceof CublasLtError)) throw cause;
      }
    },
    close() {
      driver.synchronize(stream);
      driver.destroyEvent(done);
      driver.destroyStream(stream);
      driver.closeContext(ordinal);
    },
  };
}

function* pieces({ buffer, byteOffset, byteLength }: ArrayBufferView): Generator<readonly [number, Uint8Array]> {
  for (let at = 0; at < byteLength; at += PIECE_BYTES)
    yield [at, new Uint8Array(buffer, byteOffset + at, Math.min(PIECE_BYTES, byteLength - at))];
}
