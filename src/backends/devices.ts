/** @file Which device a name means. */

import type { Precision } from '../engine/tensor.ts';
import { describeCublasLt } from '../native/cuda/cublaslt.ts';
import { CUDA, type Driver, DriverError, openDriver } from '../native/cuda/driver.ts';
import { LibraryNotFound } from '../native/cuda/find-library.ts';
import { openNvrtc } from '../native/cuda/nvrtc.ts';
import { koffiObstacle } from '../native/load-koffi.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { type CpuObstacle, findCpuObstacle } from './cpu/find-obstacle.ts';
import { findUnfitness } from './cuda/device.ts';
import type { DeviceName } from './device-names.ts';

/** A device that a program can be run on. */
export type Device =
  | { readonly kind: 'cpu' }
  | { readonly kind: 'cuda'; readonly ordinal: number }
  | { readonly kind: 'wasm' };

const CPU: Device = { kind: 'cpu' };
const WASM: Device = { kind: 'wasm' };

/** What a device is chosen for. */
export interface DeviceUse {
  /** Of a rank, among those of its machine: each takes a GPU of its own; default: 0. */
  readonly localRank?: number | undefined;
  /** Default: fp32. */
  readonly precision?: Precision | undefined;
}

/**
 * The device that a name means to this process.
 * @throws UserError when there is no such device, or not one for each rank.
 */
export async function resolveDevice(name: DeviceName, use: DeviceUse = {}): Promise<Device> {
  const { localRank = 0, precision = 'fp32' } = use;
  if (name === 'cpu') return native();
  if (name === 'wasm') return WASM;
  if (name !== 'auto') {
    if (process.platform === 'win32')
      throw new UserError(`--device ${name} needs Linux; on Windows run miniLLM inside WSL2 (wsl --install)`);
    return cuda(name, await openDriver(), localRank);
  }
  const driver = koffiObstacle === undefined ? await openDriver().catch(announceFailure) : undefined;
  if (!driver || driver.deviceCount() === 0) return processor(precision);
  const obstacle = await findObstacle(driver);
  if (obstacle === undefined) return cuda(name, driver, localRank);
  announce(`${driver.properties(0).name} is not used: ${obstacle}`);
  return processor(precision);
}

/** @throws UserError on Windows: the native kernels are written for POSIX. */
function native(): Device {
  if (process.platform !== 'win32') return CPU;
  throw new UserError(
    'native kernels do not run on Windows; use --device wasm, or run miniLLM inside WSL2 (wsl --install)',
  );
}

/** The CPU, by native kernels where they run. */
async function processor(precision: Precision): Promise<Device> {
  const obstacle = await findCpuObstacle(precision);
  if (obstacle === undefined) return CPU;
  announceWasm(obstacle);
  return WASM;
}

/** Tells, once, why native kernels are not used, and how to have them. */
export function announceWasm({ found, advice }: CpuObstacle): void {
  announce(`${found}, so the kernels run as WebAssembly; to train faster, ${advice}`);
}

function announceFailure(cause: unknown): undefined {
  if (!isWithoutGpu(cause)) announce(`no GPU is used: ${messageOf(cause)}`);
}

/** Whether the driver could not be opened because this machine has no GPU, of which nobody need hear. */
function isWithoutGpu(cause: unknown): boolean {
  return (
    cause instanceof LibraryNotFound || (cause instanceof DriverError && cause.status === CUDA.CUDA_ERROR_NO_DEVICE)
  );
}

/** What keeps a GPU that is there from being used. */
async function findObstacle(driver: Driver): Promise<string | undefined> {
  const unfitness = findUnfitness(driver.properties(0));
  if (unfitness !== undefined) return unfitness;
  try {
    await openNvrtc(driver.major);
    await describeCublasLt(driver.major);
    return undefined;
  } catch (cause) {
    return messageOf(cause);
  }
}

function cuda(name: Exclude<DeviceName, 'cpu' | 'wasm'>, driver: Driver, localRank: number): Device {
  const [, chosen] = name.split(':');
  if (chosen !== undefined) {
    if (localRank > 0)
      throw new UserError(
        `expected a GPU for each rank, found --device ${name} for the ${localRank + 1} ranks of this machine; give --device cuda`,
      );
    return { kind: 'cuda', ordinal: Number(chosen) };
  }
  const count = driver.deviceCount();
  // a launcher may show each rank its own GPU alone
  if (count === 1 && process.env.CUDA_VISIBLE_DEVICES !== undefined) return { kind: 'cuda', ordinal: 0 };
  if (localRank >= count)
    throw new UserError(
      `expected a GPU for each rank, found ${count} GPU${count === 1 ? '' : 's'} and at least ${localRank + 1} ranks on this machine; start at most ${count}, or train on CPUs with --device cpu`,
    );
  return { kind: 'cuda', ordinal: localRank };
}

const announced = new Set<string>();

/** Tells the user once. */
function announce(line: string): void {
  if (announced.has(line)) return;
  announced.add(line);
  console.error(`minillm: ${line}`);
}
