/** @file Opens the WebAssembly backend in a browser, in a page or in a worker. */

import type { Backend } from '../../engine/runtime/backend.ts';
import { UserError } from '../../support/errors.ts';
import { openWasmBackend, type Thread, type WasmOptions } from './backend.ts';
import type { ThreadAnswer } from './thread.ts';

export interface BrowserOptions extends WasmOptions {
  /**
   * The folder of the modules and of the threads' script, as an address that ends with a slash: where a copy of the package's
   * `dist/backends/wasm/` is. Default: where this file is, or a bundler has put them.
   */
  readonly modules?: URL;
}

/** Where the modules are; bundlers find the files by these expressions. */
const MODULES = {
  simd128: {
    fp32: new URL('./simd128-fp32.wasm', import.meta.url),
    bf16: new URL('./simd128-bf16.wasm', import.meta.url),
  },
  relaxed: {
    fp32: new URL('./relaxed-fp32.wasm', import.meta.url),
    bf16: new URL('./relaxed-bf16.wasm', import.meta.url),
  },
};

/** Whether threads may share memory. */
const isIsolated = (): boolean => globalThis.crossOriginIsolated === true;

/** The threads of a team that is not told how many to have. */
export const browserThreads = (): number => (isIsolated() ? navigator.hardwareConcurrency : 1);

/** For a file that came damaged, which the browser may have kept. (Node's types do not know of it.) */
const UNCACHED = { cache: 'reload' } as RequestInit;

/**
 * Threads need a page that is isolated from other origins (the headers Cross-Origin-Opener-Policy: same-origin and
 * Cross-Origin-Embedder-Policy: require-corp); without it the team is one thread, and a run blocks the page or worker that asked for
 * it.
 * @throws UserError when the browser lacks SIMD, a module cannot be fetched, or there is not enough memory; DeviceLost when a thread
 * cannot be started
 */
export function openWasmInBrowser({ modules, ...options }: BrowserOptions = {}): Promise<Backend> {
  return openWasmBackend(options, {
    processors: navigator.hardwareConcurrency,
    load: (variant, precision, isRetry) =>
      fetchBytes(modules ? new URL(`${variant}-${precision}.wasm`, modules) : MODULES[variant][precision], isRetry),
    start: isIsolated() ? () => startThread(modules) : undefined,
    memory: () => undefined,
  });
}

async function fetchBytes(url: URL, isRetry: boolean): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url, isRetry ? UNCACHED : {});
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new UserError(`the kernels (${url.pathname}) could not be fetched; try again`, { cause });
  }
}

function startThread(modules: URL | undefined): Thread {
  const worker = modules
    ? new Worker(new URL('thread-in-browser.js', modules), { type: 'module' })
    : new Worker(new URL('./thread-in-browser.js', import.meta.url), { type: 'module' });
  const thread: Thread = {
    post: (message) => worker.postMessage(message),
    onAnswer: () => {},
    hold: () => {},
    end: () => worker.terminate(),
  };
  worker.onmessage = ({ data }: { data: ThreadAnswer }) => thread.onAnswer(data);
  worker.onerror = (event) => {
    // else a worker that runs the backend would count as failed with it
    event.preventDefault();
    thread.onAnswer({ kind: 'failed', message: event.message ?? 'its script could not be fetched' });
  };
  return thread;
}
