/** The team of threads, with kernels of the test's own. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openHost } from '#minillm/backends/cpu/libraries.js';
import { compileLibrary } from '#minillm/native/compile.js';
import { openLibrary } from '#minillm/native/library.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HEADERS = fileURLToPath(new URL('../../src/backends/cpu/kernels/', import.meta.url));

const SOURCE = `
#include "kernel.h"
#include <time.h>

/** Thread 0 sleeps for 0.5 s; the others are done at once. */
void one_sleeps(const void *args, const extents *active, team *team) {
  (void)args;
  (void)active;
  const struct timespec time = {.tv_nsec = 500000000};
  if (team->thread == 0) nanosleep(&time, NULL);
}

/** All write the same number before a barrier and read it of each other after it: errors i64[1], numbers i64[threads]. */
void all_meet(const void *const *args, const extents *active, team *team) {
  (void)active;
  int64_t *errors = (int64_t *)args[0];
  int64_t *numbers = errors + 1;
  const int64_t next = numbers[team->thread] + 1;
  numbers[team->thread] = next;
  team_barrier(team);
  for (int i = 0; i < team->threads; i++)
    if (numbers[i] != next) errors[0] = 1;
  team_barrier(team);
}
`;

/** A team of its own that runs kernels of the test; `words` are the 64-bit words they share, all 0 at first. */
async function openTeam(threads: number, words: number) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'kernels.c'), SOURCE);
  const request = { name: 'team-test', folder: pathToFileURL(`${folder}/`), sources: ['kernels.c'] };
  const kernels = openLibrary(await compileLibrary({ ...request, flags: ['-O2', '-std=gnu11', `-I${HEADERS}`] }));
  const host = await openHost();
  const team = host.createTeam(threads, 64, 64);
  const bytes = 8 * words;
  const shared = host.allocate(bytes);
  onTestFinished(() => {
    host.closeTeam(team);
    host.free(shared, bytes);
  });
  /** Runs a kernel so many times; all launches share one argument, the address of the words. */
  const run = async (kernel: string, times: number): Promise<void> => {
    const tableBytes = 16 * times + 8;
    const table = host.allocate(tableBytes);
    const argument = table + 16 * times;
    const launch = [BigInt(kernels.address(kernel)), BigInt(argument)];
    const records = Array.from({ length: times }, () => launch).flat();
    host.write(table, new BigInt64Array([...records, BigInt(shared)]), tableBytes);
    await host.run(team, table, times, 0, 0, 0);
    host.free(table, tableBytes);
  };
  const read = (): bigint[] => {
    const values = new BigInt64Array(words);
    host.read(shared, values, bytes);
    return [...values];
  };
  return { run, read };
}

test('a thread that waits for another sleeps', async () => {
  const { run } = await openTeam(2, 1);
  const before = process.cpuUsage();
  await run('one_sleeps', 1);
  const { user, system } = process.cpuUsage(before);
  // microseconds; waiting awake takes all of the 500,000 that a machine has to give
  expect(user + system).toBeLessThan(100_000);
});

test('many more threads than processors meet, launch after launch, and none is left behind', async () => {
  const [threads, times] = [16, 1000];
  const { run, read } = await openTeam(threads, 1 + threads);
  await run('all_meet', times);
  expect(read()).toEqual([0n, ...Array.from({ length: threads }, () => BigInt(times))]);
});
