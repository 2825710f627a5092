/** @file The CUDA backend: plans become kernels and matrix products on a stream, captured as graphs and launched as one. */

import type { Plan, Region } from '../../engine/plan.ts';
import type { Backend, DeviceBuffer, Executable, Outcome, Regions, RunRequest } from '../../engine/runtime/backend.ts';
import type { Communicator } from '../../engine/runtime/communicator.ts';
import { DeviceLost } from '../../engine/runtime/device-lost.ts';
import { Turns } from '../../engine/runtime/turns.ts';
import { byteLength, type Precision } from '../../engine/tensor.ts';
import { CublasLtError, openCublasLt } from '../../native/cuda/cublaslt.ts';
import { DriverError, openDriver } from '../../native/cuda/driver.ts';
import { openNvrtc } from '../../native/cuda/nvrtc.ts';
import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import { type CudaDevice, openDevice } from './device.ts';
import { type Kernels, openKernels } from './kernels.ts';
import type { Extents } from './operation.ts';
import { OPERATIONS } from './operations/index.ts';
import { measurePeak } from './peak.ts';
import { openProducts, type Products } from './products.ts';
import { Recordings } from './recordings.ts';
import { cudaTarget } from './target.ts';

export interface CudaOptions {
  /** Which GPU, as the driver counts them. */
  readonly ordinal?: number;
  readonly precision?: Precision;
}

interface CudaExecutable extends Executable {
  readonly regions: Regions;
  readonly inputs: DeviceBuffer;
  /** Page-locked memory: the input block as the host writes it, then each result as it comes back. */
  readonly staged: { readonly address: number; readonly bytes: Uint8Array };
  readonly recordings: Recordings;
  readonly communicator: Communicator;
}

/**
 * Opens a GPU: its driver, NVRTC, cuBLASLt; compiles the kernels that the cache lacks.
 * @throws UserError when one of them is missing or too old, saying what to do.
 */
export async function openCudaBackend({ ordinal = 0, precision = 'fp32' }: CudaOptions = {}): Promise<CudaBackend> {
  const driver = await openDriver();
  const nvrtc = await openNvrtc(driver.major);
  const device = openDevice(driver, ordinal);
  const kernels = await openKernels(driver, nvrtc, device.properties.computeCapability, precision);
  const noted = device.note();
  const products = await openProducts(device, await openCublasLt(driver.major));
  noted();
  return new CudaBackend(device, kernels, products, precision);
}

export class CudaBackend implements Backend {
  readonly name = 'cuda';
  readonly description: string;
  readonly sharesHostMemory = false;
  readonly networkPasses = cudaTarget.networkPasses;
  readonly gradientPasses = cudaTarget.gradientPasses;
  readonly workspaceBytes = cudaTarget.workspaceBytes;
  readonly device: CudaDevice;
  readonly #kernels: Kernels;
  readonly #products: Products;
  readonly #precision: Precision;
  readonly #allocated = new Set<DeviceBuffer>();
  /** Page-locked memory of executables. */
  readonly #staged = new Set<number>();
  readonly #runs = new Turns();
  #closed = false;

  constructor(device: CudaDevice, kernels: Kernels, products: Products, precision: Precision) {
    const { name, memoryBytes } = device.properties;
    this.device = device;
    this.#kernels = kernels;
    this.#products = products;
    this.#precision = precision;
    this.description = `${name}, ${formatBytes(memoryBytes)}, CUDA ${device.driver.version}`;
  }

  /**
   * The memory of products, and that of modules and graphs, which grows until each program has run twice. The context's own, some
   * hundred megabytes, is the driver's: it counts neither here nor as available.
   */
  get overheadBytes(): number {
    return this.device.heldBytes;
  }

  /** What is held already is available to the run that it is held for. */
  memory(): { total: number; available: number } {
    const { free, total } = this.#explaining(() => this.device.driver.memory());
    return { total, available: free + this.overheadBytes };
  }

  peak(): Promise<number> {
    return measurePeak(this.device, this.#products, this.#precision);
  }

  allocate(bytes: number, contents: 'zero' | 'undefined'): DeviceBuffer {
    const buffer = { address: this.#explaining(() => this.device.allocate(bytes)), bytes };
    if (contents === 'zero' && bytes > 0)
      this.#explaining(() => this.device.driver.fill(buffer.address, 0, bytes, this.device.stream));
    this.#allocated.add(buffer);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#allocated.delete(buffer)) this.device.release(() => this.device.driver.free(buffer.address));
  }

  async write(buffer: DeviceBuffer, byteOffset: number, source: ArrayBufferView): Promise<void> {
    this.#check(buffer, byteOffset, source);
    await this.device.write(buffer.address + byteOffset, source).catch((cause: unknown) => {
      throw this.#explained(cause);
    });
  }

  async read(buffer: DeviceBuffer, byteOffset: number, target: ArrayBufferView): Promise<void> {
    this.#check(buffer, byteOffset, target);
    await this.device.read(buffer.address + byteOffset, target).catch((cause: unknown) => {
      throw this.#explained(cause);
    });
  }

  compile(plan: Plan, regions: Regions, communicator: Communicator): CudaExecutable {
    if (plan.precision && plan.precision !== this.#precision)
      throw new TypeError(`a program traced in ${plan.precision} on a backend opened for ${this.#precision}`);
    for (const { node } of plan.nodes)
      if (!node.op.isCollective && !(node.op.name in OPERATIONS))
        throw new UserError(
          `a GPU has no kernel for ${node.op.name.replaceAll('_', ' ')}: 8-bit weights are for CPUs; give --precision bf16, or --device cpu`,
        );
    const inputs = this.allocate(plan.inputBytes, 'zero');
    const staged = this.#explaining(() => this.device.driver.allocateHost(plan.inputBytes + resultBytes(plan)));
    this.#staged.add(staged.address);
    const all: Regions = new Map(regions).set('inputs', inputs);
    const recordings = new Recordings(plan, {
      device: this.device,
      kernels: this.#kernels,
      products: this.#products,
      resolve: ({ region, byteOffset }) => bufferOf(all, region).address + byteOffset,
      collectives: communicator.native,
      failed: () => communicator.failure(),
    });
    return { plan, regions: all, inputs, staged, recordings, communicator };
  }

  release(executable: Executable): void {
    const { inputs, staged, recordings } = executable as CudaExecutable;
    this.device.release(() => recordings.close());
    this.free(inputs);
    this.#freeStaged(staged.address);
  }

  #freeStaged(address: number): void {
    if (this.#staged.delete(address)) this.device.release(() => this.device.driver.freeHost(address));
  }

  run(executable: Executable, request: RunRequest): Promise<Outcome> {
    return this.#runs.take(async () => {
      if (this.#closed || request.signal?.aborted) return 'stopped';
      try {
        await this.#run(executable as CudaExecutable, request);
        return 'completed';
      } catch (cause) {
        throw this.#explained(cause);
      }
    });
  }

  #explaining<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  /** An error of the driver or of cuBLASLt with what to do; any other as it is. */
  #explained(cause: unknown): unknown {
    if (!(cause instanceof DriverError || cause instanceof CublasLtError)) return cause;
    const { ordinal } = this.device;
    if (cause instanceof DriverError && cause.isOutOfMemory)
      return new UserError(
        `cuda:${ordinal} has no memory left: ${cause.message}; take a smaller batch, or end what else uses the GPU (nvidia-smi shows it)`,
        { cause },
      );
    const Failure = this.#isLost() ? DeviceLost : UserError;
    return new Failure(
      `cuda:${ordinal} has failed: ${cause.message}; what was saved before is safe: start again to go on from it`,
      { cause },
    );
  }

  /** Whether the context is of no more use: then every call fails. */
  #isLost(): boolean {
    try {
      this.device.driver.memory();
      return false;
    } catch {
      return true;
    }
  }

  /** Puts inputs, program and results on the stream, and waits for the end of them. */
  async #run(executable: CudaExecutable, { inputs, results, seconds }: RunRequest): Promise<void> {
    const { plan, regions, staged, recordings, communicator } = executable;
    const { driver, stream } = this.device;
    staged.bytes.set(inputs);
    driver.copyToDevice(executable.inputs.address, staged.address, inputs.length, stream);
    const recording = recordings.of(extentsOf(inputs));
    const began = performance.now();
    if (seconds) recording.runTimed();
    else recording.run();
    let at = plan.inputBytes;
    const arrivals = results.map(({ tensor, values }) => {
      const { region, byteOffset } = plan.addressOf(tensor);
      const { address } = bufferOf(regions, region);
      driver.copyToHost(staged.address + at, address + byteOffset, values.byteLength, stream);
      const bytes = staged.bytes.subarray(at, at + values.byteLength);
      at += alignUp(values.byteLength);
      return { values, bytes };
    });
    const check = (): void => {
      if (communicator.failed?.aborted) throw communicator.failure();
    };
    await this.device.finish(recording.seconds, check);
    const took = (performance.now() - began) / 1000;
    recording.seconds = recording.seconds === 0 ? took : Math.min(recording.seconds, took);
    if (seconds) recording.addSeconds(seconds);
    for (const { values, bytes } of arrivals)
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes);
  }

  /** The driver trusts its addresses; this is where they are checked. */
  #check(buffer: DeviceBuffer, byteOffset: number, { byteLength }: ArrayBufferView): void {
    if (!this.#allocated.has(buffer)) throw new Error('the buffer was freed, or its backend is closed');
    if (byteOffset < 0 || byteOffset + byteLength > buffer.bytes)
      throw new RangeError(`bytes ${byteOffset} to ${byteOffset + byteLength} of a buffer of ${buffer.bytes}`);
  }

  get closed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#runs.take(async () => {});
    for (const buffer of [...this.#allocated]) this.free(buffer);
    for (const address of [...this.#staged]) this.#freeStaged(address);
    for (const part of [this.#products, this.#kernels, this.device]) this.device.release(() => part.close());
  }
}

/** The active extents stand first in the input block. */
function extentsOf(inputs: Uint8Array): Extents {
  const view = new DataView(inputs.buffer, inputs.byteOffset);
  return { batch: view.getInt32(0, true), length: view.getInt32(4, true) };
}

const ALIGNMENT = 16;
const alignUp = (bytes: number): number => ALIGNMENT * Math.ceil(bytes / ALIGNMENT);

/** Bytes of all results of a plan, each aligned. */
function resultBytes({ results }: Plan): number {
  return [...results.values()].reduce((sum, tensor) => sum + alignUp(byteLength(tensor)), 0);
}

function bufferOf(regions: Regions, region: Region): DeviceBuffer {
  const buffer = regions.get(region);
  if (!buffer) throw new TypeError(`the plan needs ${region}, which was not allocated`);
  return buffer;
}
