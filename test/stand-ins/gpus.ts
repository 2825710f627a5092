/** @file GPUs in one process whose memory is the host's (gpus.c): what the CUDA driver and NCCL look like to a rank. */

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NcclDevice } from '#minillm/distributed/nccl/communicator.js';
import { compileLibrary } from '#minillm/native/compile.js';
import { type NativeLibrary, openLibrary } from '#minillm/native/library.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Any that is not null is a context. */
const CONTEXT = 1;

/** Compiles the library that plays both the driver and NCCL; with `flags`, another version of it. */
export function compileGpus(flags: readonly string[] = []): Promise<string> {
  return compileLibrary({
    name: 'gpus',
    folder: new URL('./', import.meta.url),
    sources: ['gpus.c'],
    flags: ['-O1', '-std=gnu11', '-Wno-enum-conversion', ...flags],
  });
}

/** A folder that NCCL_HOME may name. */
export async function ncclHome(flags: readonly string[] = []): Promise<string> {
  const home = temporaryFolder();
  mkdirSync(join(home, 'lib'));
  symlinkSync(await compileGpus(flags), join(home, 'lib', 'libnccl.so.2'));
  return home;
}

export interface Gpu extends NcclDevice {
  /** A kernel that fills memory with a number. */
  fill(address: number, count: number, value: number): void;
  /** Whether the GPU has done all of its stream's work. */
  isIdle(): boolean;
  /** A GPU that is held does nothing. */
  hold(held: boolean): void;
}

export interface Gpus {
  readonly library: NativeLibrary;
  readonly each: readonly Gpu[];
}

/** That many GPUs, with the context current on this thread. */
export async function openGpus(count: number): Promise<Gpus> {
  const path = await compileGpus();
  const library = openLibrary(path);
  const allocate = library.function('int64_t gpu_allocate(int64_t bytes)');
  const free = library.function('void gpu_free(int64_t memory)');
  const fill = library.function('int32_t gpu_fill(int64_t stream, int64_t to, int64_t count, int32_t value)');
  const write = library.function('int32_t gpu_copy(int64_t stream, int64_t to, const void *from, int64_t bytes)');
  const read = library.function('int32_t gpu_copy(int64_t stream, void *to, int64_t from, int64_t bytes)');
  const makeStream = library.function('int64_t gpu_stream()');
  const isIdle = library.function('int32_t gpu_is_idle(int64_t stream)');
  const hold = library.function('void gpu_hold(int64_t stream, int32_t held)');
  library.function('int32_t cuCtxSetCurrent(int64_t context)')(CONTEXT);
  const each = Array.from({ length: count }, (): Gpu => {
    const stream = makeStream();
    const done = async (): Promise<void> => {
      while (!isIdle(stream)) await nextTurn();
    };
    return {
      driver: path,
      context: CONTEXT,
      stream,
      memory: {
        allocate: (bytes) => ({ address: allocate(bytes), bytes }),
        free: ({ address }) => void free(address),
        write(buffer, byteOffset, source) {
          write(stream, buffer.address + byteOffset, source, source.byteLength);
          return done();
        },
        read(buffer, byteOffset, target) {
          read(stream, target, buffer.address + byteOffset, target.byteLength);
          return done();
        },
      },
      fill: (address, length, value) => void fill(stream, address, length, value),
      isIdle: () => isIdle(stream) === 1,
      hold: (held) => void hold(stream, held ? 1 : 0),
    };
  });
  return { library, each };
}
