/** @file Opens the WebAssembly backend in a browser, from a worker: a page's own thread may not wait. */

import type { Backend } from '../../engine/runtime/backend.ts';
import type { WasmOptions } from './backend.ts';

/** @throws UserError when the browser lacks SIMD, there is not enough memory, or threads cannot be started. */
export async function openWasmInBrowser(_options: WasmOptions = {}): Promise<Backend> {
  throw new Error('not yet');
}
