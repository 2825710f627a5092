/** @file The backend a user asks for by name. */

import type { Backend } from '../engine/runtime/backend.ts';
import { type CpuOptions, openCpuBackend } from './cpu/backend.ts';

export interface DeviceOptions extends CpuOptions {
  /** Default: cpu. */
  readonly device?: 'cpu';
}

/** Opens the device. */
export function openBackend({ device: _device, ...options }: DeviceOptions): Promise<Backend> {
  return openCpuBackend(options);
}
