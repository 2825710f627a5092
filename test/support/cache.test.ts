import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cacheFolder, findCache } from '#minillm/support/cache.js';
import { UserError } from '#minillm/support/errors.js';
import { ordinaryUser } from './ordinary-user.ts';
import { testOnPosix } from './posix.ts';
import { temporaryFolder } from './temporary-folder.ts';

beforeEach(() => {
  vi.stubEnv('MINILLM_CACHE', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** An empty folder by its real path: macOS reaches its temporary folders through a link. */
const realFolder = (): string => realpathSync(temporaryFolder());

test('MINILLM_CACHE is made with the folders above it, and stays', async () => {
  const folder = join(realFolder(), 'a', 'b');
  vi.stubEnv('MINILLM_CACHE', folder);
  expect(await Promise.all([cacheFolder(), cacheFolder()])).toEqual([folder, folder]);
  expect(existsSync(folder)).toBe(true);
});

testOnPosix('whatever the umask, nobody else can write to a folder that is made', async () => {
  const folder = join(realFolder(), 'a');
  vi.stubEnv('MINILLM_CACHE', folder);
  const script = "process.umask(0); await (await import('#minillm/support/cache.js')).cacheFolder()";
  spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(statSync(folder).mode & 0o777).toBe(0o755);
});

test('else it is a folder in XDG_CACHE_HOME', async () => {
  const home = realFolder();
  vi.stubEnv('MINILLM_CACHE', '');
  vi.stubEnv('XDG_CACHE_HOME', home);
  expect(await findCache()).toEqual({ folder: join(home, 'minillm'), isWritable: true });
});

test.each(['', 'relative/folder'])('XDG_CACHE_HOME="%s" counts for nothing', async (home) => {
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv('HOME', realFolder());
  expect(await cacheFolder()).toBe(join(homedir(), '.cache', 'minillm'));
  expect(existsSync('relative')).toBe(false);
});

test('a place that can be neither made nor read is refused if it was asked for, else a problem', async () => {
  const file = join(realFolder(), 'file');
  writeFileSync(file, '');
  for (const named of [file, join(file, 'cache')]) {
    vi.stubEnv('MINILLM_CACHE', named);
    await expect(findCache()).rejects.toThrow(UserError);
  }
  vi.stubEnv('MINILLM_CACHE', undefined);
  vi.stubEnv('XDG_CACHE_HOME', file);
  const { problem } = await findCache();
  expect(problem?.found).toMatch(/[\\/]file[\\/]minillm can be neither made nor read \((ENOTDIR|ENOENT)/);
  expect(problem?.advice).toMatch(/^let MINILLM_CACHE name a folder/);
});

test.runIf(process.platform === 'linux')('a folder that no one can make is refused, not tried for ever', async () => {
  vi.stubEnv('MINILLM_CACHE', '/proc/minillm/cache');
  await expect(cacheFolder()).rejects.toThrow(
    /^MINILLM_CACHE names \/proc\/minillm\/cache, which can be neither made nor read: /,
  );
});

testOnPosix(
  'a folder that others can write to is not used, by whatever name, and the problem says what mends it',
  async () => {
    const parent = realFolder();
    const folder = join(parent, 'open');
    const link = join(parent, 'link');
    mkdirSync(folder);
    symlinkSync(folder, link);
    vi.stubEnv('MINILLM_CACHE', link);
    expect(await findCache()).toEqual({ folder, isWritable: true });
    chmodSync(folder, 0o777);
    const advice = expect.stringMatching(`^chmod go-w ${folder}, or let MINILLM_CACHE name`);
    expect(await findCache()).toEqual({ problem: { found: `other users can write to ${folder}`, advice } });
  },
);

// on Windows every user has a home folder
describe('a temporary cache', () => {
  /** What a new process prints whose cache cannot be used, and what it leaves in its TMPDIR. */
  function inProcess(script: string, environment: Readonly<Record<string, string>> = {}) {
    const temporary = realFolder();
    const { MINILLM_CACHE: _, ...others } = process.env;
    const env = { ...others, XDG_CACHE_HOME: '', HOME: '', TMPDIR: temporary, ...environment };
    const start = `const { cacheFolder, writableCacheFolder } = await import('#minillm/support/cache.js');`;
    const made = spawnSync(process.execPath, ['--input-type=module', '-e', start + script], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { ...made, temporary, left: readdirSync(temporary) };
  }

  testOnPosix('is said once, is the same for all of a process, and is gone at its end', () => {
    const { stdout, stderr, temporary, left } = inProcess(
      "console.log(await cacheFolder()); console.log(await writableCacheFolder('x'))",
    );
    const [first, second, ...rest] = stdout.split('\n');
    expect(first).toMatch(new RegExp(`^${temporary}/minillm-`));
    expect([second, ...rest]).toEqual([first, '']);
    expect(stderr).toMatch(
      /^minillm: this user has no home folder; a temporary cache is used, .*: let MINILLM_CACHE .*\n$/,
    );
    expect(left).toEqual([]);
  });

  testOnPosix.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('is gone after %s', (name) => {
    const { signal, left } = inProcess(
      `await cacheFolder(); process.kill(process.pid, '${name}'); setInterval(() => {}, 1000)`,
    );
    expect(signal).toBe(name);
    expect(left).toEqual([]);
  });

  testOnPosix('waits for whoever ends the process in order', () => {
    const { status, stdout, left } = inProcess(`
      const folder = await cacheFolder();
      const { existsSync } = await import('node:fs');
      const timer = setInterval(() => {}, 1000);
      process.on('SIGINT', () => setImmediate(() => { console.log(existsSync(folder)); clearInterval(timer); }));
      process.kill(process.pid, 'SIGINT');
    `);
    expect([status, stdout]).toEqual([0, 'true\n']);
    expect(left).toEqual([]);
  });

  testOnPosix('without a folder for it the error names TMPDIR and why it was needed', () => {
    const { stdout } = inProcess('await cacheFolder().catch(({ name, message }) => console.log(name, message))', {
      TMPDIR: '/nowhere',
    });
    expect(stdout).toMatch(
      /^UserError this user has no home folder, and no temporary folder can be made in \/nowhere \(ENOENT.*\); let TMPDIR/,
    );
  });

  testOnPosix('takes the place of one that is read only for what that lacks, and of no other', (context) => {
    const user = ordinaryUser(context);
    const cache = realFolder();
    const temporary = realFolder();
    chmodSync(cache, 0o555);
    chmodSync(temporary, 0o1777);
    const script = `const { cacheFolder, writableCacheFolder } = await import('#minillm/support/cache.js');
      console.log(await cacheFolder()); console.log(await writableCacheFolder('kernels'))`;
    const env = { ...process.env, MINILLM_CACHE: cache, TMPDIR: temporary };
    const made = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      ...user,
      env,
      encoding: 'utf8',
    });
    const [read, written] = made.stdout.split('\n');
    expect(read).toBe(cache);
    expect(written).toMatch(new RegExp(`^${temporary}/minillm-`));
    expect(made.stderr).toMatch(`minillm: ${cache} has no kernels and cannot be written; a temporary cache is used`);
  });
});

test.runIf(process.platform === 'linux')(
  'a user id without an entry and without HOME has no home, which is no defect',
  (context) => {
    const user = ordinaryUser(context);
    if (user.uid === undefined) context.skip('another user id takes root');
    const { HOME: _home, XDG_CACHE_HOME: _xdg, MINILLM_CACHE: _cache, ...env } = process.env;
    const script = `const { findCache } = await import('#minillm/support/cache.js');
    const { openHub } = await import('#minillm/hub/hub.js');
    console.log(JSON.stringify([(await findCache()).problem?.found, (await openHub()).url]))`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      ...user,
      env: { ...env, HF_ENDPOINT: 'http://127.0.0.1:9' },
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual(['this user has no home folder', 'http://127.0.0.1:9']);
  },
);
