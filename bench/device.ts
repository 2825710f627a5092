/** @file The device a work runs on: native kernels in the best variant or in the plain one, or WebAssembly. */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { openWasmInNode } from '#minillm/backends/wasm/open-in-node.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import type { WorkArguments } from './arguments.ts';

export const DEVICES = ['cpu', 'portable', 'wasm'] as const;
export type Device = (typeof DEVICES)[number];

export function openDevice({ device, precision, threads }: WorkArguments): Promise<Backend> {
  if (device === 'wasm') return openWasmInNode({ precision, threads });
  return openCpuBackend({ precision, threads, ...(device === 'portable' && { variant: device }) });
}
