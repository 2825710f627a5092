/** @file A world of ranks in one process whose sums complete late (slow-communicator.c): what MPI looks like to a program. */

import { onTestFinished } from 'vitest';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';
import { compileLibrary } from '#minillm/native/compile.js';
import { openLibrary } from '#minillm/native/library.js';

export interface SlowWorldOptions {
  readonly size: number;
  /** Between the moment in which the last rank has begun a sum and its beginning. */
  readonly delayMicroseconds?: number;
  /** The number of the sum that fails, from 0. */
  readonly failsAt?: number;
}

/** The communicators of all ranks, closed when the running test ends. */
export async function openSlowWorld({
  size,
  delayMicroseconds = 500,
  failsAt = -1,
}: SlowWorldOptions): Promise<readonly Communicator[]> {
  const path = await compileLibrary({
    name: 'slow-communicator',
    folder: new URL('./', import.meta.url),
    sources: ['slow-communicator.c'],
    flags: ['-O2', '-std=gnu11'],
  });
  const library = openLibrary(path);
  const open = library.function('int64_t world_open(int32_t size, int32_t delay_microseconds, int32_t fails_at)');
  const rankOf = library.function('int64_t world_rank(int64_t world, int32_t rank)');
  const close = library.function('void world_close(int64_t world)');
  const world = open(size, delayMicroseconds, failsAt);
  onTestFinished(() => void close(world));
  const hostSum = summing(size);
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    native: {
      context: rankOf(world, rank),
      beginSum: library.address('begin_sum'),
      waitForSums: library.address('wait_for_sums'),
    },
    sum: hostSum,
    failure: () => new Error('the stand-in failed a sum, as it was asked to'),
  }));
}

/** A sum of host numbers that ends for all ranks when the last has brought its own. */
function summing(size: number): Communicator['sum'] {
  let brought: { readonly values: Float64Array; readonly resolve: () => void }[] = [];
  return (values) =>
    new Promise((resolve) => {
      brought.push({ values, resolve });
      if (brought.length < size) return;
      const all = brought;
      brought = [];
      const total = values.map((_, index) => all.reduce((sum, each) => sum + (each.values[index] ?? Number.NaN), 0));
      for (const each of all) {
        each.values.set(total);
        each.resolve();
      }
    });
}
