/** @file Opens the WebAssembly backend in Node. */

import type { Backend } from '../../engine/runtime/backend.ts';
import type { WasmOptions } from './backend.ts';

/** @throws UserError when there is not enough memory, or threads cannot be started. */
export async function openWasmInNode(_options: WasmOptions = {}): Promise<Backend> {
  throw new Error('not yet');
}
