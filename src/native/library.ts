/** @file The only door to native code: shared libraries opened through koffi. */

import koffi, { type LibraryHandle } from 'koffi';
import { messageOf, UserError } from '../support/errors.ts';

/** A C function; pointers are passed as numbers (addresses below 2^53) or as typed arrays. */
export type NativeFunction = (...args: readonly (number | ArrayBufferView)[]) => number;

export interface NativeLibrary {
  /** Declares a function by its C prototype. Addresses are declared `int64_t`. */
  readonly function: (prototype: string) => NativeFunction;
  /** The same, called on another thread; the promise settles when it returns. */
  readonly asynchronous: (prototype: string) => (...args: readonly (number | ArrayBufferView)[]) => Promise<number>;
  /** Address of an exported symbol. */
  readonly address: (symbol: string) => number;
  /** An exported text, `const char NAME[]`. */
  readonly text: (symbol: string) => string;
}

/** Opens a shared library by path or by the name the system's loader knows. */
export function openLibrary(path: string): NativeLibrary {
  const library = load(path);
  return {
    function: (prototype) => library.func(prototype) as unknown as NativeFunction,
    asynchronous: (prototype) => {
      const native = library.func(prototype);
      return (...args) =>
        new Promise((resolve, reject) => {
          native.async(...args, (error: unknown, result: number) => (error ? reject(error) : resolve(result)));
        });
    },
    address: (symbol) => Number(koffi.address(library.symbol(symbol))),
    text: (symbol) => String(koffi.decode(library.symbol(symbol), 'char', -1)),
  };
}

function load(path: string): LibraryHandle {
  try {
    return koffi.load(path);
  } catch (cause) {
    throw new UserError(`the native library ${path} could not be opened: ${messageOf(cause)}`);
  }
}
