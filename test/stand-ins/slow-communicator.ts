/** @file A world of ranks in one process whose collectives complete late (slow-communicator.c): what MPI looks like to a program. */

import { onTestFinished } from 'vitest';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';
import { compileLibrary } from '#minillm/native/compile.js';
import { openLibrary } from '#minillm/native/library.js';
import { UserError } from '#minillm/support/errors.js';

export interface SlowWorldOptions {
  readonly size: number;
  /** Between the moment in which the last rank has begun a collective and its beginning. */
  readonly delayMicroseconds?: number;
  /** The number of the collective that fails, from 0. */
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
  const meet = meeting(size);
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    native: {
      context: rankOf(world, rank),
      begin: library.address('begin'),
      wait: library.address('wait_for_all'),
    },
    localRank: rank,
    failed: undefined,
    sum: (values) => meet(rank, values, (all) => add(all)),
    broadcast: (bytes, root) => meet(rank, bytes, (all) => all.forEach((each) => void each.set(all[root] ?? []))),
    share: (text) => meet(rank, text, (all) => [...all]),
    failure: () => new UserError('the stand-in failed a collective, as it was asked to'),
  }));
}

/** Replaces the numbers of all ranks by their sums. */
function add(all: readonly Float64Array[]): void {
  const total = all[0]?.map((_, index) => all.reduce((sum, each) => sum + (each[index] ?? Number.NaN), 0)) ?? [];
  for (const each of all) each.set(total);
}

/** A piece of work on what all ranks have brought, done when the last has come. */
function meeting(size: number) {
  let brought = new Map<number, unknown>();
  let resolvers: ((result: unknown) => void)[] = [];
  return <Value, Result>(rank: number, value: Value, work: (all: readonly Value[]) => Result): Promise<Result> =>
    new Promise((resolve) => {
      brought.set(rank, value);
      resolvers.push(resolve as (result: unknown) => void);
      if (brought.size < size) return;
      const all = Array.from({ length: size }, (_, each) => brought.get(each) as Value);
      const waiting = resolvers;
      brought = new Map();
      resolvers = [];
      const result = work(all);
      for (const each of waiting) each(result);
    });
}
