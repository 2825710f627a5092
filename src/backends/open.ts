/** @file The backend a user asks for by name. */

import type { Backend } from '../engine/runtime/backend.ts';
import { type CpuOptions, openCpuBackend } from './cpu/backend.ts';
import { openCudaBackend } from './cuda/backend.ts';
import { DEFAULT_DEVICE, type DeviceName, resolveDevice } from './devices.ts';

export interface DeviceOptions extends CpuOptions {
  /** Default: `auto`. */
  readonly device?: DeviceName;
  /** Of a rank, among those of its machine; default: 0. */
  readonly localRank?: number;
}

/**
 * Opens the device.
 * @throws UserError when there is no such device, or something that it needs is missing, saying what to do.
 */
export async function openBackend(options: DeviceOptions): Promise<Backend> {
  const { device = DEFAULT_DEVICE, localRank, precision, ...cpu } = options;
  const resolved = await resolveDevice(device, localRank);
  const typed = precision && { precision };
  return resolved.kind === 'cpu'
    ? openCpuBackend({ ...cpu, ...typed })
    : openCudaBackend({ ordinal: resolved.ordinal, ...typed });
}
