/** @file The backend a user asks for by name. */

import type { Backend } from '../engine/backend.ts';
import { type CpuOptions, openCpuBackend } from './cpu/backend.ts';

/** Opens the device. */
export function openBackend({ threads, precision }: CpuOptions & { readonly device: 'cpu' }): Promise<Backend> {
  return openCpuBackend({ ...(threads ? { threads } : {}), ...(precision ? { precision } : {}) });
}
