import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compileLibrary } from '#minillm/native/compile.js';
import { CompilerError, findCompiler } from '#minillm/native/compiler.js';
import { openLibrary } from '#minillm/native/library.js';
import { onlyAsRoot } from '../support/ordinary-user.ts';
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

test('a source that does not compile is reported, after every compiler has ended, and leaves nothing', async () => {
  const good = Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [`good${i}.c`, `int f${i}(void) { return 0; }\n`]),
  );
  const failure = compileLibrary(request({ 'bad.c': 'int f(\n', ...good }));
  await expect(failure).rejects.toThrow(/could not compile miniLLM's kernels: .*bad\.c/s);
  expect(readdirSync(cache)).toEqual([]);
});

test('what the compiler is called with counts, whatever its version', async () => {
  const paths = [];
  for (const CC of ['cc', 'cc -DUNUSED', 'cc']) {
    vi.stubEnv('CC', CC);
    paths.push(await compileLibrary(request(SOURCES)));
  }
  expect(paths[2]).toBe(paths[0]);
  expect(paths[1]).not.toBe(paths[0]);
});

test('a library outlives its compiler, until its sources change', async () => {
  const path = await compileLibrary(request(SOURCES));
  vi.stubEnv('CC', '/nowhere/cc');
  expect(await compileLibrary(request(SOURCES))).toBe(path);
  await expect(compileLibrary(request(SOURCES, ['-O2']))).rejects.toThrow(/compiler is needed.*tried \/nowhere\/cc/);
});

test("a compiler's own temporary files lie in the cache, wherever TMPDIR points", async () => {
  const wanted = request(SOURCES);
  const folder = temporaryFolder();
  const log = join(folder, 'log');
  const wrapper = join(folder, 'wrapper');
  const script = `[ "$1" = --version ] || echo "$TMPDIR" >> ${log}\nexec cc "$@"\n`;
  writeFileSync(wrapper, `#!/bin/sh\n${script}`, { mode: 0o755 });
  vi.stubEnv('CC', wrapper);
  vi.stubEnv('TMPDIR', '/nowhere');
  expect(existsSync(await compileLibrary(wanted))).toBe(true);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  expect(lines).toEqual(Array(2).fill(expect.stringContaining(`${cache}/.minillm-build-`)));
});

describe('a library in the cache is made anew', () => {
  const damages: Record<string, (path: string, content: Buffer) => void> = {
    'when it is empty': (path) => writeFileSync(path, ''),
    'when it was cut': (path, content) => writeFileSync(path, content.subarray(0, content.length / 2)),
    'when one bit differs': (path, content) => {
      content[4200] = (content[4200] ?? 0) ^ 1;
      writeFileSync(path, content);
    },
    'when it is longer': (path, content) => writeFileSync(path, Buffer.concat([content, Buffer.alloc(1)])),
    'when there is no checksum in its name': (path) => renameSync(path, path.replace(/-[0-9a-f]+\.so$/, '.so')),
    'when others can write to it': (path) => chmodSync(path, 0o757),
    'when it is a link to elsewhere': (path) => {
      const elsewhere = join(temporaryFolder(), 'library.so');
      renameSync(path, elsewhere);
      symlinkSync(elsewhere, path);
    },
  };

  test.each(Object.entries(damages))('%s', async (_name, damage) => {
    const path = await compileLibrary(request(SOURCES));
    const content = readFileSync(path);
    damage(path, Buffer.from(content));
    const again = await compileLibrary(request(SOURCES));
    expect(readFileSync(again)).toEqual(content);
    expect(statSync(again).mode & 0o022).toBe(0);
    expect(openLibrary(again).function('int one(void)')()).toBe(1);
  });

  test('when another user owns it', async (context) => {
    onlyAsRoot(context);
    const path = await compileLibrary(request(SOURCES));
    writeFileSync(path, 'planted');
    chownSync(path, 54321, 54321);
    expect(statSync(await compileLibrary(request(SOURCES))).uid).toBe(0);
  });

  test('when a folder has its name', async () => {
    const path = await compileLibrary(request(SOURCES));
    const other = path.replace(/[0-9a-f]{32}\.so$/, `${'0'.repeat(32)}.so`);
    rmSync(path);
    mkdirSync(other);
    expect(await compileLibrary(request(SOURCES))).toBe(path);
  });
});

test('whatever the umask, nobody else can write to what was compiled', async () => {
  const before = process.umask(0);
  try {
    expect(statSync(await compileLibrary(request(SOURCES))).mode & 0o022).toBe(0);
  } finally {
    process.umask(before);
  }
});

test('a build removes libraries not loaded for a month, and builds that were killed a day ago, and nothing else', async () => {
  const old = await compileLibrary(request(SOURCES));
  const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
  const things = { 'host-0123456789abcdef.so': 31, '.minillm-build-abcdef': 2, 'my-backup': 400, 'notes.so': 400 };
  for (const [name, age] of Object.entries({ ...things, '.minillm-build-ghijkl': 0.5 })) {
    mkdirSync(join(cache, name));
    utimesSync(join(cache, name), days(age), days(age));
  }
  utimesSync(old, days(31), days(31));
  // what is loaded is in use
  expect(await compileLibrary(request(SOURCES))).toBe(old);
  const other = await compileLibrary(request(SOURCES, ['-O1']));
  utimesSync(old, days(31), days(31));
  const names = [other, await compileLibrary(request(SOURCES, ['-O2']))].map((path) => path.slice(cache.length + 1));
  expect(readdirSync(cache).sort()).toEqual(['.minillm-build-ghijkl', 'my-backup', 'notes.so', ...names].sort());
});

const MISSING = {
  'nowhere.h': ['a.c:1:10: fatal error: nowhere.h: No such file or directory', /nowhere\.h: .*libc6-dev/],
  'a header, of clang': ["a.c:1:10: fatal error: 'nowhere.h' file not found", /nowhere\.h: .*libc6-dev/],
  'the assembler': ["cc: fatal error: cannot execute 'as': execvp: No such file or directory", /\(as\): .*binutils/],
  'the linker': ["collect2: fatal error: cannot find 'ld'", /linker \(ld\): .*binutils/],
  'the linker, of clang': [
    'clang: error: unable to execute command: Executable "ld" does not exist!',
    /linker \(ld\): .*binutils/,
  ],
  'a library': ['/usr/bin/ld: cannot find -lm: No such file or directory', /C library \(-lm\): .*libc6-dev/],
  'a start file': ['/usr/bin/ld: cannot find crti.o: No such file or directory', /C library \(crti\.o\): .*libc6-dev/],
} as const;

test.each(Object.entries(MISSING))('a missing %s is reported, with what to install', (_name, [said, message]) => {
  expect(new CompilerError('cc', said).message).toMatch(message);
});

test('a missing header is reported, with what to install', async () => {
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
