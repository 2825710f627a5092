/** @file The kernels' module for memory that is not shared: it differs in one flag of the memory that it imports. */

const ASCII = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

/** The import of `env.memory`: its names with their lengths, the kind of a memory, and the flags of a shared one with a maximum. */
const SHARED = [3, ...ASCII('env'), 6, ...ASCII('memory'), 2, 3];
/** Flags of one with a maximum that is not shared. */
const UNSHARED_FLAGS = 1;

/** @throws TypeError for a module that imports no shared memory */
export function unsharedModule(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const start = bytes.findIndex((_, at) => SHARED.every((byte, index) => bytes[at + index] === byte));
  if (start < 0) throw new TypeError('expected a module that imports shared memory');
  const copy = bytes.slice();
  copy[start + SHARED.length - 1] = UNSHARED_FLAGS;
  return copy;
}
