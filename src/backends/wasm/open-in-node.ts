/** @file Opens the WebAssembly backend in Node. */

import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Backend } from '../../engine/runtime/backend.ts';
import { processorCount } from '../../support/processors.ts';
import { hostMemory } from '../cpu/host-memory.ts';
import { openWasmBackend, type Thread, type WasmOptions } from './backend.ts';
import type { ThreadAnswer } from './thread.ts';
import { isSupported } from './variants.ts';

/** @throws UserError when there is not enough memory, or this Node lacks what the variant needs. */
export function openWasmInNode(options: WasmOptions = {}): Promise<Backend> {
  // Node 20 has it behind this flag, later versions without
  if (!isSupported('relaxed')) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return openWasmBackend(options, {
    processors: processorCount(),
    load: async (variant, precision) =>
      Uint8Array.from(await readFile(new URL(`./${variant}-${precision}.wasm`, import.meta.url))),
    start: startThread,
    memory: hostMemory,
  });
}

function startThread(): Thread {
  const worker = new Worker(new URL('./thread-in-node.js', import.meta.url));
  const thread: Thread = {
    post: (message) => worker.postMessage(message),
    onAnswer: () => {},
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
  worker.on('message', (answer: ThreadAnswer) => thread.onAnswer(answer));
  worker.on('error', (cause) => thread.onAnswer({ kind: 'failed', message: cause.message }));
  return thread;
}
