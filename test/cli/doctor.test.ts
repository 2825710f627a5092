import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkNode, checkPlatform, describeThreads } from '#minillm/cli/doctor/checks.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { minillm } from './minillm.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('each finding is a line without colour when piped, and a machine that has all passes', async () => {
  vi.stubEnv('MINILLM_CUDA_DRIVER', '/nowhere');
  const { code, stdout, stderr } = await minillm('doctor');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^ok {6}[A-Z a-z.]+: \S/);
  expect(lines.map((line) => line.slice(8, line.indexOf(':')))).toEqual([
    'Node.js',
    'system',
    'processor',
    'memory',
    'MPI',
    ...(process.platform === 'linux' ? ['GPU'] : []),
    'C compiler',
    'WebAssembly',
    'kernel cache',
    'C toolchain',
    'instruction sets',
  ]);
  expect(lines[0]).toContain(process.versions.node);
  expect(lines.at(-1)).toMatch(/runs portable.*; \w+ is used$/);
});

test('--json prints the findings as one object', async () => {
  const { code, stdout } = await minillm('doctor', '--json');
  expect(code).toBe(0);
  const { ok, checks } = JSON.parse(stdout);
  expect(ok).toBe(true);
  expect(checks[0]).toEqual({ name: 'Node.js', ok: true, found: process.versions.node });
});

/** The system's compiler without its optimisations, which take most of its time. */
function hurriedCompiler(): string {
  const path = join(temporaryFolder(), 'cc');
  writeFileSync(path, `#!/bin/sh\nexec ${process.env.CC || 'cc'} "$@" -O0\n`, { mode: 0o755 });
  return path;
}

test('--build compiles the kernels of both precisions into the cache', async () => {
  const cache = temporaryFolder();
  vi.stubEnv('MINILLM_CACHE', cache);
  vi.stubEnv('MINILLM_CPU_VARIANT', 'portable');
  vi.stubEnv('CC', hurriedCompiler());
  expect((await minillm('doctor')).stdout).toContain(`kernel cache: ${cache}, nothing compiled yet`);
  const { code, stdout } = await minillm('doctor', '--build');
  expect(code).toBe(0);
  expect(stdout).toMatch(/; portable is used\nok {6}kernels: portable in fp32 and bf16 are ready after \d/);
  expect((await minillm('doctor')).stdout).toContain(`${cache}, holds host, portable-bf16, portable-fp32`);
}, 600_000);

/** A compiler that knows its version and fails at everything else. */
function brokenCompiler(says: string): string {
  const path = join(temporaryFolder(), 'cc');
  const script = `[ "$1" = --version ] && echo cc 1.0 && exit\ncat >&2 << 'END'\n${says}\nEND\nexit 1\n`;
  writeFileSync(path, `#!/bin/sh\n${script}`, { mode: 0o755 });
  return path;
}

describe('without a compiler', () => {
  beforeEach(() => {
    vi.stubEnv('CC', '');
    vi.stubEnv('PATH', temporaryFolder());
    vi.stubEnv('MINILLM_CUDA_DRIVER', '/nowhere');
  });

  test('nothing is missing: WebAssembly is used, and what would be faster is said', async () => {
    vi.stubEnv('MINILLM_CACHE', temporaryFolder());
    const { code, stdout, stderr } = await minillm('doctor');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\nok {6}C compiler: no C compiler was found; to train faster, install /);
    expect(stdout).toMatch(
      /\nok {6}WebAssembly: \d+ threads?, (simd128|relaxed), up to [\d.]+ GB; used unless there is a GPU\n/,
    );
    expect(stdout).not.toMatch(/C toolchain:|instruction sets:/);
  });

  test('the kernels that were built before are used', async () => {
    const { code, stdout } = await minillm('doctor');
    expect(code).toBe(0);
    expect(stdout).toContain('C compiler: none, but one has built the kernels that the cache holds\n');
    expect(stdout).toMatch(/WebAssembly: .*; used with --device wasm\n/);
    expect(stdout).toMatch(/instruction sets: runs portable/);
  });
});

describe('what is missing is named, with what to do, and the exit code is 1', () => {
  test('the compiler, for --build', async () => {
    vi.stubEnv('CC', '/nowhere/cc');
    vi.stubEnv('MINILLM_CACHE', temporaryFolder());
    const { code, stdout } = await minillm('doctor', '--build');
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nmissing C compiler: CC names \/nowhere\/cc, which does not answer; .*install/);
    expect(stdout).not.toMatch(/kernels:|C toolchain:/);
  });

  test.each([
    ['C headers', 'a.c:2:10: fatal error: math.h: No such file or directory', 'libc6-dev'],
    ['assembler', "cc: fatal error: cannot execute 'as': execvp: No such file or directory", 'binutils'],
    ['linker', "collect2: fatal error: cannot find 'ld'", 'binutils'],
    ['C library', '/usr/bin/ld: cannot find -lm: No such file or directory', 'libc6-dev'],
  ])('the %s', async (name, said, needed) => {
    vi.stubEnv('CC', brokenCompiler(said));
    const { code, stdout } = await minillm('doctor', '--json');
    expect(code).toBe(1);
    const { ok, checks } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(checks.at(-1)).toEqual({ name, ok: false, found: said, advice: expect.stringContaining(needed) });
  });

  test('whatever else a compiler says is shown, and nothing is blamed', async () => {
    vi.stubEnv('CC', brokenCompiler('internal compiler error'));
    const { code, stdout } = await minillm('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/missing C toolchain: internal compiler error\n$/);
  });

  test('a cache that can be made', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    vi.stubEnv('MINILLM_CACHE', join(file, 'cache'));
    const { code, stdout } = await minillm('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/missing kernel cache: MINILLM_CACHE names .*can be neither made nor read/);
  });

  test('a variant that this processor does not run', async () => {
    vi.stubEnv('MINILLM_CPU_VARIANT', 'mmx');
    const { code, stdout } = await minillm('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/missing instruction sets: MINILLM_CPU_VARIANT is mmx.*it runs portable/);
  });
});

test('a cache that stays is no reason for advice, wherever it lies', async () => {
  const cache = temporaryFolder();
  vi.stubEnv('MINILLM_CACHE', cache);
  const { stdout } = await minillm('doctor', '--json');
  const { checks } = JSON.parse(stdout) as { checks: { name: string }[] };
  const found = `${cache}, nothing compiled yet`;
  expect(checks).toContainEqual({ name: 'kernel cache', ok: true, found });
});

test('a cache folder that cannot be made is reported, with what to do, and fails a build that would not stay', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  vi.stubEnv('MINILLM_CACHE', undefined);
  vi.stubEnv('XDG_CACHE_HOME', file);
  const { code, stdout, stderr } = await minillm('doctor');
  expect(code).toBe(0);
  expect(stdout).toMatch(/ok {6}kernel cache: .*every process compiles again; let MINILLM_CACHE name a folder/);
  expect(stderr).toMatch(/^minillm: .* can be neither made nor read .*; a temporary cache is used.*\n$/);
  const build = await minillm('doctor', '--build');
  expect(build.code).toBe(1);
  expect(build.stdout).toMatch(/missing kernel cache: .*\n$/);
});

test('a cache that others can write to is reported, with what to do', async () => {
  const cache = temporaryFolder();
  chmodSync(cache, 0o777);
  vi.stubEnv('MINILLM_CACHE', cache);
  const { code, stdout } = await minillm('doctor');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /ok {6}kernel cache: other users can write to \/.*; chmod go-w \/.*, or let MINILLM_CACHE name/,
  );
});

test('Node.js 20.19 is new enough, and for older ones the check says what to install', () => {
  expect(['20.19.0', '22.0.1', '24.1.0'].map((version) => checkNode(version).ok)).toEqual([true, true, true]);
  expect(checkNode('20.18.9')).toMatchObject({ ok: false, advice: expect.stringMatching(/20\.19/) });
  expect(checkNode('18.20.4').ok).toBe(false);
});

test('Windows is told what needs WSL2', () => {
  expect(checkPlatform('darwin', 'arm64').ok).toBe(true);
  expect(checkPlatform('win32', 'x64')).toMatchObject({ ok: true, advice: expect.stringMatching(/need WSL2/) });
  expect(checkPlatform('freebsd', 'x64').ok).toBe(false);
});

test('the processor check shows the quota that bounds its threads', () => {
  expect(describeThreads(2, 1.5)).toBe('2 threads (quota 1.5 CPUs)');
  expect(describeThreads(1, 1)).toBe('1 thread (quota 1 CPU)');
  expect(describeThreads(8, undefined)).toBe('8 threads');
});
