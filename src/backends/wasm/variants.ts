/** @file The variants of the kernels' modules, and which of them an engine can run. */

/** Slowest first. Relaxed SIMD multiplies and adds in one instruction, so its bits are others. */
export const WASM_VARIANTS = ['simd128', 'relaxed'] as const;
export type WasmVariant = (typeof WASM_VARIANTS)[number];

/** `i32.const 0`, `i32x4.splat`: pushes a vector. */
const VECTOR = [0x41, 0, 0xfd, 0x11];
/** `f32x4.relaxed_madd`: makes one vector of three. */
const RELAXED_MADD = [0xfd, 0x85, 0x02];

/** The instructions of a function that returns a vector, with what the variant needs. */
const PROBES: Readonly<Record<WasmVariant, readonly number[]>> = {
  simd128: VECTOR,
  relaxed: [...VECTOR, ...VECTOR, ...VECTOR, ...RELAXED_MADD],
};

/** Whether this engine has what a variant needs. Some browsers have no WebAssembly at all, such as those locked down. */
export const isSupported = (variant: WasmVariant): boolean =>
  globalThis.WebAssembly?.validate(moduleOf(PROBES[variant])) ?? false;

/** A module of one function. */
function moduleOf(instructions: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...instructions, 0x0b];
  const types = [1, 5, 1, 0x60, 0, 1, 0x7b];
  const functions = [3, 2, 1, 0];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...types, ...functions, ...code);
}
