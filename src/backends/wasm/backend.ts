/** @file The WebAssembly backend: the C kernels of the CPU backend, compiled for WebAssembly when the package is built. */

import type { Precision } from '../../engine/tensor.ts';

export interface WasmOptions {
  /** Threads of the team; default: as many as there are processors, or one where memory cannot be shared. */
  readonly threads?: number;
  readonly precision?: Precision;
  /** Default: the best that this engine validates. */
  readonly variant?: WasmVariant;
}

export const WASM_VARIANTS = ['simd128', 'relaxed'] as const;
export type WasmVariant = (typeof WASM_VARIANTS)[number];
