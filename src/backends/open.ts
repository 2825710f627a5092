/** @file The backend a user asks for by name. */

import type { Backend } from '../engine/runtime/backend.ts';
import { CompilerError } from '../native/compiler.ts';
import { type CpuOptions, openCpuBackend } from './cpu/backend.ts';
import { openCudaBackend } from './cuda/backend.ts';
import { DEFAULT_DEVICE, type DeviceName } from './device-names.ts';
import { announceWasm, resolveDevice } from './devices.ts';
import { openWasmInNode } from './wasm/open-in-node.ts';

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
  const { device = DEFAULT_DEVICE, localRank, variant, ...host } = options;
  const { precision } = host;
  const resolved = await resolveDevice(device, { localRank, precision });
  if (resolved.kind === 'cuda') return openCudaBackend({ ordinal: resolved.ordinal, ...(precision && { precision }) });
  if (resolved.kind === 'wasm') return openWasmInNode(host);
  try {
    return await openCpuBackend({ ...host, ...(variant && { variant }) });
  } catch (cause) {
    if (device !== 'auto' || !(cause instanceof CompilerError) || !cause.missing) throw cause;
    const { what, advice } = cause.missing;
    announceWasm({ found: `the C compiler finds no ${what}`, advice });
    return openWasmInNode(host);
  }
}
