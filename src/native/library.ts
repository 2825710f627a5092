/** @file The only door to native code: shared libraries opened through koffi. */

import type { LibraryHandle, TypeObject } from 'koffi';
import { messageOf, UserError } from '../support/errors.ts';
import { koffi } from './load-koffi.ts';

/** What a C function takes: pointers are passed as numbers (addresses below 2^53) or as typed arrays. */
export type NativeArgument = number | ArrayBufferView;

export type NativeFunction = (...args: readonly NativeArgument[]) => number;

export interface NativeLibrary {
  /** Declares a function by its C prototype. Addresses are declared `int64_t`, or with a type of `declareTypes`. */
  readonly function: (prototype: string) => NativeFunction;
  /** The same for a function that returns a text. */
  readonly textFunction: (prototype: string) => (...args: readonly NativeArgument[]) => string;
  /** The same as `function`, called on another thread; the promise settles when it returns. */
  readonly asynchronous: (prototype: string) => (...args: readonly NativeArgument[]) => Promise<number>;
  /** Address of an exported symbol. */
  readonly address: (symbol: string) => number;
  /** An exported text, `const char NAME[]`. */
  readonly text: (symbol: string) => string;
}

/** Opens a shared library by path or by the name the system's loader knows. It stays open as long as the process lives. */
export function openLibrary(path: string): NativeLibrary {
  const library = load(path);
  return {
    function: (prototype) => library.func(prototype) as unknown as NativeFunction,
    textFunction: (prototype) => {
      const native = library.func(prototype);
      return (...args) => String(native(...args));
    },
    asynchronous: (prototype) => {
      const native = library.func(prototype);
      return (...args) =>
        new Promise((resolve, reject) => {
          native.async(...args, (error: unknown, result: number) => (error ? reject(error) : resolve(result)));
        });
    },
    address: (symbol) => Number(koffi().address(library.symbol(symbol))),
    text: (symbol) => String(koffi().decode(library.symbol(symbol), 'char', -1)),
  };
}

/** The system's loader. */
let dlopen: NativeFunction | undefined;
const RTLD_NOW = 2;

/**
 * koffi closes a library when its functions are no longer reachable, and when Node.js ends: under threads that still run in it, which
 * then crash. Opened once more, it stays.
 */
function load(path: string): LibraryHandle {
  const { load: open } = koffi();
  try {
    const library = open(path);
    dlopen ??= open(null).func('int64_t dlopen(const char *path, int flags)') as unknown as NativeFunction;
    dlopen(terminated(path), RTLD_NOW);
    return library;
  } catch (cause) {
    throw new UserError(`the native library ${path} could not be opened: ${messageOf(cause)}`);
  }
}

const declared = new Set<string>();

/** Lets prototypes use the type names of a C header, each as the type it stands for: `{ CUstream: 'int64_t' }`. */
export function declareTypes(types: Readonly<Record<string, string>>): void {
  for (const [name, type] of Object.entries(types)) {
    if (declared.has(name)) continue;
    koffi().alias(name, type);
    declared.add(name);
  }
}

/** A prototype's name may be declared once. */
const prototypes = new Map<string, TypeObject>();

/** A function by its address, as the prototype declares it. */
export function functionAt(address: number, prototype: string): NativeFunction {
  const type = prototypes.get(prototype) ?? koffi().proto(prototype);
  prototypes.set(prototype, type);
  return koffi().decode(BigInt(address), type) as NativeFunction;
}

/** Native memory as bytes. They must not be used after it has been freed. */
export function bytesAt(address: number, bytes: number): Uint8Array {
  return new Uint8Array(koffi().view(BigInt(address), bytes));
}

/** The text at an address, up to its zero byte; empty at address 0. */
export function textAt(address: number): string {
  return address === 0 ? '' : String(koffi().decode(BigInt(address), 'char', -1));
}

/** Native memory that is never freed, zeroed: for what a process needs as long as it lives. */
export function allocateForever(bytes: number): number {
  const address = Number(koffi().address(koffi().alloc('uint8_t', bytes)));
  bytesAt(address, bytes).fill(0);
  return address;
}

/** Calls a function with the address of an array of texts, which are there until it returns: `const char *const *`. */
export function withTexts<Result>(texts: readonly string[], use: (address: number) => Result): Result {
  const encoded = texts.map(terminated);
  const total = encoded.reduce((bytes, { length }) => bytes + length, 8 * (texts.length + 1));
  const block = koffi().alloc('uint8_t', total);
  try {
    const base = Number(koffi().address(block));
    const bytes = bytesAt(base, total);
    const pointers = new BigInt64Array(bytes.buffer, bytes.byteOffset, texts.length);
    let at = 8 * (texts.length + 1);
    encoded.forEach((text, index) => {
      pointers[index] = BigInt(base + at);
      bytes.set(text, at);
      at += text.length;
    });
    return use(base);
  } finally {
    koffi().free(block);
  }
}

/** A text as C reads it. */
export function terminated(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}
