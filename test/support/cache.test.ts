import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder } from '#minillm/support/cache.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from './temporary-folder.ts';

beforeEach(() => {
  vi.stubEnv('MINILLM_CACHE', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('MINILLM_CACHE is made with the folders above it, and stays', async () => {
  const folder = join(temporaryFolder(), 'a', 'b');
  vi.stubEnv('MINILLM_CACHE', folder);
  expect(await Promise.all([cacheFolder(), cacheFolder()])).toEqual(Array(2).fill({ folder, isTemporary: false }));
  expect(existsSync(folder)).toBe(true);
});

test('else it is a folder in XDG_CACHE_HOME', async () => {
  const home = temporaryFolder();
  vi.stubEnv('MINILLM_CACHE', '');
  vi.stubEnv('XDG_CACHE_HOME', home);
  expect(await cacheFolder()).toEqual({ folder: join(home, 'minillm'), isTemporary: false });
});

test.each(['', 'relative/folder'])('XDG_CACHE_HOME="%s" counts for nothing', async (home) => {
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv('HOME', temporaryFolder());
  expect(await cacheFolder()).toEqual({ folder: join(homedir(), '.cache', 'minillm'), isTemporary: false });
  expect(existsSync('relative')).toBe(false);
});

test('a place that cannot be written is refused if it was asked for, else replaced by one of this process', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  vi.stubEnv('MINILLM_CACHE', join(file, 'cache'));
  await expect(cacheFolder()).rejects.toThrow(UserError);
  vi.stubEnv('MINILLM_CACHE', undefined);
  vi.stubEnv('XDG_CACHE_HOME', file);
  const cache = await cacheFolder();
  expect(cache.isTemporary).toBe(true);
  expect(await cacheFolder()).toEqual(cache);
  rmSync(cache.folder, { recursive: true });
});

test.runIf(process.platform === 'linux')('a folder that no one can make is refused, not tried for ever', async () => {
  vi.stubEnv('MINILLM_CACHE', '/proc/minillm/cache');
  await expect(cacheFolder()).rejects.toThrow(/^MINILLM_CACHE names \/proc\/minillm\/cache, which cannot be written: /);
});
