/** @file The backend a user asks for by name. */

import type { Backend } from '../engine/runtime/backend.ts';
import { type CpuOptions, openCpuBackend } from './cpu/backend.ts';
import { DEVICES, type DeviceName } from './devices.ts';

export interface DeviceOptions extends CpuOptions {
  /** Default: the first of `DEVICES`. */
  readonly device?: DeviceName;
}

/** Opens the device. */
export function openBackend({ device = DEVICES[0], ...options }: DeviceOptions): Promise<Backend> {
  switch (device) {
    case 'cpu':
      return openCpuBackend(options);
  }
}
