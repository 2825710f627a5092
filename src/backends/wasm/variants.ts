/** @file The variants of the kernels' modules. */

/** Slowest first. Relaxed SIMD multiplies and adds in one instruction, so its bits are others. */
export const WASM_VARIANTS = ['simd128', 'relaxed'] as const;
export type WasmVariant = (typeof WASM_VARIANTS)[number];
