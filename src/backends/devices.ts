/** @file The devices that a user may name, and which one is meant. */

import { describeCublasLt } from '../native/cuda/cublaslt.ts';
import { CUDA, type Driver, DriverError, openDriver } from '../native/cuda/driver.ts';
import { LibraryNotFound } from '../native/cuda/find-library.ts';
import { openNvrtc } from '../native/cuda/nvrtc.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { findUnfitness } from './cuda/device.ts';

/** `auto` is a GPU where there is one that can be used, else the CPU; `cuda` is the first GPU, or that of this rank. */
export type DeviceName = 'auto' | 'cpu' | 'cuda' | `cuda:${number}`;

export const DEVICE_PATTERN = /^(auto|cpu|cuda(:\d+)?)$/;
export const DEVICE_NAMES = 'auto, cpu, cuda, or cuda:N for a certain GPU';
export const DEFAULT_DEVICE = 'auto';

/** A device that a program can be run on. */
export type Device = { readonly kind: 'cpu' } | { readonly kind: 'cuda'; readonly ordinal: number };

const CPU: Device = { kind: 'cpu' };

/** A name as a user writes it; undefined for any other text. */
export function parseDevice(text: string): DeviceName | undefined {
  return DEVICE_PATTERN.test(text) ? (text as DeviceName) : undefined;
}

/**
 * The device that a name means to this process.
 * @param localRank of a rank, among those of its machine: each takes a GPU of its own
 * @throws UserError when there is no such device, or not one for each rank.
 */
export async function resolveDevice(name: DeviceName, localRank = 0): Promise<Device> {
  if (name === 'cpu') return CPU;
  if (name !== 'auto') return cuda(name, await openDriver(), localRank);
  const driver = await openDriver().catch((cause: unknown) => {
    if (!isWithoutGpu(cause)) announce(`no GPU is used: ${messageOf(cause)}`);
    return undefined;
  });
  if (!driver || driver.deviceCount() === 0) return CPU;
  const obstacle = await findObstacle(driver);
  if (obstacle === undefined) return cuda(name, driver, localRank);
  announce(`${driver.properties(0).name} is not used: ${obstacle}`);
  return CPU;
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

function cuda(name: Exclude<DeviceName, 'cpu'>, driver: Driver, localRank: number): Device {
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
