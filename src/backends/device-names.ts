/** @file The devices that a user may name. */

/**
 * `auto` is a GPU where there is one that can be used, else the CPU: with native kernels where they have been compiled or there
 * is a compiler, else with those in WebAssembly. `cuda` is the first GPU, or that of this rank.
 */
export type DeviceName = 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | 'wasm';

export const DEVICE_PATTERN = /^(auto|cpu|cuda(:\d+)?|wasm)$/;
export const DEVICE_NAMES = 'auto, cpu, cuda, cuda:N for a certain GPU, or wasm';
export const DEFAULT_DEVICE = 'auto';

/** A name as a user writes it; undefined for any other text. */
export function parseDevice(text: string): DeviceName | undefined {
  return DEVICE_PATTERN.test(text) ? (text as DeviceName) : undefined;
}
