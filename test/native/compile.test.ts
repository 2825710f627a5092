import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { compileLibrary, findCompiler } from '#minillm/native/compile.js';
import { openLibrary } from '#minillm/native/library.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

let cache: string;
beforeEach(() => {
  cache = temporaryFolder();
  vi.stubEnv('MINILLM_CACHE', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A request for a library of these sources. */
function request(sources: Readonly<Record<string, string>>, flags: readonly string[] = []) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text);
  const files = Object.keys(sources).filter((name) => name.endsWith('.c'));
  return { name: 'probe', folder: pathToFileURL(`${folder}/`), sources: files, flags };
}

const SOURCES = { 'one.h': '#define ONE 1\n', 'one.c': '#include "one.h"\nint one(void) { return ONE; }\n' };

test('sources become a library that is kept, until sources, headers or flags change', async () => {
  const path = await compileLibrary(request(SOURCES));
  expect(openLibrary(path).function('int one(void)')()).toBe(1);
  expect(await compileLibrary(request(SOURCES))).toBe(path);
  expect(readdirSync(cache)).toHaveLength(1);
  const others = [request(SOURCES, ['-O2']), request({ ...SOURCES, 'one.h': '#define ONE 2\n' })];
  const paths = await Promise.all(others.map(compileLibrary));
  expect(new Set([path, ...paths]).size).toBe(3);
  expect(openLibrary(paths[1] ?? '').function('int one(void)')()).toBe(2);
});

test('a source that does not compile is told, after every compiler has ended, and leaves nothing', async () => {
  const good = Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [`good${i}.c`, `int f${i}(void) { return 0; }\n`]),
  );
  const failure = compileLibrary(request({ 'bad.c': 'int f(\n', ...good }));
  await expect(failure).rejects.toThrow(/could not compile miniLLM's kernels: .*bad\.c/s);
  expect(readdirSync(cache)).toEqual([]);
});

test('a missing header is told, with what to install', async () => {
  const failure = compileLibrary(request({ 'a.c': '#include <nowhere.h>\n' }));
  await expect(failure).rejects.toThrow(/finds no nowhere\.h: .*libc6-dev/);
});

test('CC may be a command with arguments', async () => {
  const folder = temporaryFolder();
  const log = join(folder, 'log');
  const wrapper = join(folder, 'wrapper');
  writeFileSync(wrapper, `#!/bin/sh\necho "$1" >> ${log}\nexec "$@"\n`, { mode: 0o755 });
  vi.stubEnv('CC', ` ${wrapper}  cc `);
  expect(await findCompiler()).toMatchObject({ command: wrapper, args: ['cc'] });
  expect(existsSync(await compileLibrary(request(SOURCES)))).toBe(true);
  // asked for its version twice, then to compile and to link
  expect(readFileSync(log, 'utf8')).toBe('cc\n'.repeat(4));
});
