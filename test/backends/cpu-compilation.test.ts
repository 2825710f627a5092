import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { detectVariant } from '#minillm/backends/cpu/libraries.js';
import { chooseVariant, runnableVariants, VARIANT_FLAGS, VARIANTS } from '#minillm/backends/cpu/variants.js';
import { UserError } from '#minillm/support/errors.js';
import { ordinaryUser } from '../support/ordinary-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SCRIPT = fileURLToPath(new URL('./print-variant.mjs', import.meta.url));

/** What a new process says that has to compile the host library, in an environment of its own. */
async function firstUse(environment: Readonly<Record<string, string>>, user = {}): Promise<string> {
  const env = { ...process.env, CC: '', ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], { env, ...user });
  return stdout.trim();
}

/** A compiler that knows its version and fails at everything else. */
function brokenCompiler(says: string): string {
  const path = join(temporaryFolder(), 'cc');
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && echo 'broken 1.0' && exit 0\necho '${says}' >&2\nexit 1\n`);
  chmodSync(path, 0o755);
  return path;
}

const KERNELS = 'src/backends/cpu/kernels';
const sources = readdirSync(KERNELS).filter((file) => file.endsWith('.c'));
// those that it runs are compiled, and run, by the tests of each operation
const runnable = runnableVariants(await detectVariant());
const others = (['avx512', 'avx512bf16', 'amx'] as const).filter(
  (variant) => process.arch === 'x64' && !runnable.includes(variant),
);

test.each(others.flatMap((variant) => ['', '-DMINILLM_BF16'].map((precision) => [variant, precision] as const)))(
  'kernels compile for %s %s, which this processor does not run',
  async (variant, precision) => {
    const flags = [
      '-O0',
      '-std=gnu11',
      '-fPIC',
      '-shared',
      ...VARIANT_FLAGS[variant],
      ...(precision ? [precision] : []),
    ];
    const files = sources.map((file) => join(KERNELS, file));
    const made = join(temporaryFolder(), 'kernels.so');
    const { stderr } = await promisify(execFile)(process.env.CC || 'cc', [...flags, ...files, '-lm', '-o', made]);
    expect(stderr).toBe('');
  },
);

describe('compiling on first use', () => {
  test('two processes that start at once with an empty cache both get the library, and leave nothing else', async () => {
    const cache = temporaryFolder();
    const variant = await detectVariant();
    expect(await Promise.all([firstUse({ MINILLM_CACHE: cache }), firstUse({ MINILLM_CACHE: cache })])).toEqual([
      variant,
      variant,
    ]);
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^host(-[0-9a-f]{16}){2}-[0-9a-f]{32}\.so$/)]);
  });

  test('a cached library needs no compiling', async () => {
    const cache = temporaryFolder();
    const variant = await firstUse({ MINILLM_CACHE: cache });
    const [library] = readdirSync(cache);
    expect(await firstUse({ MINILLM_CACHE: cache })).toBe(variant);
    expect(readdirSync(cache)).toEqual([library]);
  });

  test.each([
    ['PATH is empty', { PATH: '' }, 'tried cc, gcc, clang'],
    ['CC names none', { CC: 'no-such-compiler' }, 'tried no-such-compiler'],
  ])('without a compiler (%s) the error names the packages to install', async (_case, environment, tried) => {
    const message = await firstUse({ MINILLM_CACHE: temporaryFolder(), ...environment });
    expect(message).toMatch(/^UserError: a C compiler is needed and none was found/);
    expect(message).toContain(tried);
    expect(message).toContain('apt install gcc libc6-dev');
  });

  test('without the C headers the error names the package that has them', async () => {
    const cache = temporaryFolder();
    const CC = brokenCompiler('host.c:3:10: fatal error: stdint.h: No such file or directory');
    const message = await firstUse({ MINILLM_CACHE: cache, CC });
    expect(message).toMatch(/^UserError: .*cc finds no stdint\.h: .*apt-get install libc6-dev/);
    expect(readdirSync(cache), 'nothing half-built stays').toEqual([]);
  });

  test('any other failure shows what the compiler said', async () => {
    const CC = brokenCompiler('unknown target cpu');
    const message = await firstUse({ MINILLM_CACHE: temporaryFolder(), CC });
    expect(message).toMatch(/^UserError: .*cc could not compile miniLLM's kernels: unknown target cpu$/);
  });

  test('a MINILLM_CACHE that cannot be written is named', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const cache = join(file, 'cache');
    expect(await firstUse({ MINILLM_CACHE: cache })).toMatch(`UserError: MINILLM_CACHE names ${cache}`);
  });

  test('two processes that start at once with a damaged library both get a whole one', async () => {
    const cache = temporaryFolder();
    const variant = await firstUse({ MINILLM_CACHE: cache });
    const path = join(cache, readdirSync(cache)[0] ?? '');
    truncateSync(path, 4096);
    const again = [firstUse({ MINILLM_CACHE: cache }), firstUse({ MINILLM_CACHE: cache })];
    expect(await Promise.all(again)).toEqual([variant, variant]);
    expect(readdirSync(cache)).toEqual([path.slice(cache.length + 1)]);
  });

  test('a cache that can be read is enough once the library is there', async (context) => {
    const user = ordinaryUser(context);
    const cache = temporaryFolder();
    const variant = await firstUse({ MINILLM_CACHE: cache });
    chmodSync(cache, 0o555);
    onTestFinished(() => chmodSync(cache, 0o755));
    const before = statSync(cache).mtimeMs;
    expect(await firstUse({ MINILLM_CACHE: cache, TMPDIR: '/nowhere' }, user)).toBe(variant);
    expect(statSync(cache).mtimeMs).toBe(before);
  });

  test('without MINILLM_CACHE and a home that can be written, libraries go to a temporary folder until the end', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    const temporary = join(folder, 'tmp');
    writeFileSync(file, '');
    mkdirSync(temporary);
    const environment = { MINILLM_CACHE: '', XDG_CACHE_HOME: join(file, 'cache'), TMPDIR: temporary };
    expect(await firstUse(environment)).toBe(await detectVariant());
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('instruction-set variants', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('a MINILLM_CPU_VARIANT that does not exist is an error that lists those that do', async () => {
    vi.stubEnv('MINILLM_CPU_VARIANT', 'sse9');
    const failure = openCpuBackend();
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(
      /MINILLM_CPU_VARIANT is sse9, which this processor does not run; it runs portable/,
    );
  });

  test('MINILLM_CPU_VARIANT forces a variant', async () => {
    vi.stubEnv('MINILLM_CPU_VARIANT', 'portable');
    const backend = await openCpuBackend({ threads: 1 });
    expect(backend.description).toMatch(/, 1 thread, portable$/);
    await backend.close();
  });

  test('a processor runs its best variant and those below it', () => {
    expect(runnableVariants('portable')).toEqual(['portable']);
    expect(runnableVariants('avx512')).toEqual(['portable', 'avx2', 'avx512']);
    expect(runnableVariants('amx')).toEqual(['portable', 'avx2', 'avx512', 'avx512bf16', 'amx']);
    expect(runnableVariants('neon')).toEqual(['portable', 'neon']);
    expect(() => chooseVariant('avx2', 'avx512')).toThrow(UserError);
    expect(chooseVariant('avx2', undefined)).toBe('avx2');
    expect(VARIANTS).toContain(chooseVariant('avx512bf16', 'avx2'));
  });
});
