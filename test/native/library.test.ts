import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { compileLibrary } from '#minillm/native/compile.js';
import { functionAt, openLibrary } from '#minillm/native/library.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIBRARY = new URL('../../dist/native/library.js', import.meta.url);

test('functions by their addresses may share a prototype', () => {
  const library = openLibrary('libm.so.6');
  const at = (name: string): number => functionAt(library.address(name), 'double of_one(double)')(0.25);
  expect([at('sqrt'), at('floor')]).toEqual([0.5, 0]);
});

/** A thread that never leaves its library. */
const THREAD = `
#include <pthread.h>
#include <time.h>
static void *run(void *unused) {
  for (;;) nanosleep(&(struct timespec){.tv_nsec = 1000}, 0);
  return unused;
}
int start(void) {
  pthread_t thread;
  return pthread_create(&thread, 0, run, 0);
}`;

test.each([
  ['nothing reaches its functions any more', 'for (let i = 0; i < 20; i++) { gc(); await new Promise(setImmediate); }'],
  ['Node.js ends', ''],
])('a library in which a thread runs stays open when %s', async (_, then) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'thread.c'), THREAD);
  const path = await compileLibrary({
    name: 'thread',
    folder: pathToFileURL(`${folder}/`),
    sources: ['thread.c'],
    flags: ['-std=gnu11'],
  });
  const script = `
    import { openLibrary } from ${JSON.stringify(LIBRARY)};
    import { readFileSync } from 'node:fs';
    (() => openLibrary(${JSON.stringify(path)}).function('int start()')())();
    ${then}
    console.log(readFileSync('/proc/self/maps', 'utf8').includes(${JSON.stringify(path)}));`;
  const { status, signal, stdout } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  expect([status, signal, stdout]).toEqual([0, null, 'true\n']);
});
