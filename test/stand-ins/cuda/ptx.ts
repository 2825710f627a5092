/** @file The interpreter of PTX by itself, for tests of it: modules, memory and launches. */

import { onTestFinished } from 'vitest';
import { openLibrary } from '#minillm/native/library.js';
import { compileInterpreter } from './ptx/build.js';

const MESSAGE_BYTES = 1024;

type Extents = readonly [number, number?, number?];

export interface Launch {
  readonly grid?: Extents;
  readonly block: Extents;
  /** Bytes of dynamic shared memory. */
  readonly shared?: number;
  /** In the kernel's order: bigint is 8 bytes, number a 32-bit integer. */
  readonly parameters?: readonly (bigint | number)[];
}

export interface DeviceArray {
  readonly address: bigint;
  /** Reads as many elements as the array holds. */
  read<T extends ArrayBufferView>(into: T): T;
}

export interface Interpreter {
  /** Memory with these contents, or of so many bytes that nobody has written; freed when the test ends. */
  allocate(contents: ArrayBufferView | number): DeviceArray;
  /** @returns runs a kernel of the module; throws an Error with what was found. */
  load(ptx: string): (kernel: string, launch: Launch) => void;
}

export async function openInterpreter(): Promise<Interpreter> {
  const library = openLibrary(await compileInterpreter());
  const load = library.function('int64_t ptx_load(const void *text, void *message)');
  const unload = library.function('void ptx_unload(int64_t module)');
  const find = library.function('int64_t ptx_find(int64_t module, const void *name)');
  const allocate = library.function('int64_t launcher_allocate(int64_t bytes)');
  const free = library.function('void launcher_free(int64_t address)');
  const write = library.function('void launcher_write(int64_t address, const void *data, int64_t bytes)');
  const read = library.function('void launcher_read(int64_t address, void *data, int64_t bytes)');
  const launch = library.function(
    'int32_t launcher_launch(int64_t kernel, const void *extents, int64_t shared, const void *parameters, void *message)',
  );
  return {
    allocate(contents) {
      const bytes = typeof contents === 'number' ? contents : contents.byteLength;
      const address = allocate(bytes);
      onTestFinished(() => void free(address));
      if (typeof contents !== 'number') write(address, contents, bytes);
      return {
        address: BigInt(address),
        read(into) {
          read(address, into, into.byteLength);
          return into;
        },
      };
    },
    load(ptx) {
      const message = Buffer.alloc(MESSAGE_BYTES);
      const module = load(terminated(ptx), message);
      if (!module) throw new Error(textOf(message));
      onTestFinished(() => void unload(module));
      return (name, { grid = [1], block, shared = 0, parameters = [] }) => {
        const kernel = find(module, terminated(name));
        if (!kernel) throw new Error(`the module has no kernel ${name}`);
        const extents = Uint32Array.of(...threeOf(grid), ...threeOf(block));
        if (launch(kernel, extents, shared, layOut(parameters), message)) throw new Error(textOf(message));
      };
    },
  };
}

function threeOf([x, y = 1, z = 1]: Extents): [number, number, number] {
  return [x, y, z];
}

/** Each at the next multiple of its size. */
function layOut(parameters: readonly (bigint | number)[]): Buffer {
  const buffer = Buffer.alloc(8 * parameters.length + 8);
  let offset = 0;
  for (const each of parameters) {
    if (typeof each === 'bigint') {
      offset = Math.ceil(offset / 8) * 8;
      buffer.writeBigInt64LE(each, offset);
      offset += 8;
    } else {
      buffer.writeInt32LE(each, offset);
      offset += 4;
    }
  }
  return buffer;
}

function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

function textOf(message: Buffer): string {
  return message.toString('utf8', 0, message.indexOf(0));
}
