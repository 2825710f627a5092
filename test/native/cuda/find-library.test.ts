import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findNvidiaLibrary, type WantedLibrary } from '#minillm/native/cuda/find-library.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const WANTED: WantedLibrary = {
  names: ['libplayed.so.13', 'libplayed.so.12'],
  variable: 'MINILLM_PLAYED',
  pipFolders: ['cu13/lib', 'played/lib'],
  install: 'install it',
};

const find = (wanted: Partial<WantedLibrary> = {}): Promise<string> => findNvidiaLibrary({ ...WANTED, ...wanted });

beforeEach(() => {
  for (const name of ['MINILLM_PLAYED', 'CUDA_HOME', 'CUDA_PATH', 'CONDA_PREFIX']) vi.stubEnv(name, undefined);
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** A file of that name in a folder, which is made. */
function library(folder: string, name = 'libplayed.so.13'): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, '');
  return path;
}

/** Puts a Python on the PATH that says its NVIDIA packages lie in these folders. */
function python(name: string, folders: readonly string[]): void {
  const bin = temporaryFolder();
  const lines = folders.map((folder) => `echo '${folder}'`);
  writeFileSync(join(bin, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  vi.stubEnv('PATH', bin);
}

describe('its variable names', () => {
  test('the file, or a folder that has it, itself or in lib or lib64', async () => {
    const home = temporaryFolder();
    const path = library(join(home, 'lib64'));
    for (const value of [path, dirname(path), home]) {
      vi.stubEnv('MINILLM_PLAYED', value);
      expect(await find()).toBe(path);
    }
  });

  test('a file of any name that a library may have', async () => {
    const path = library(temporaryFolder(), 'stand-in.so');
    vi.stubEnv('MINILLM_PLAYED', path);
    expect(await find()).toBe(path);
  });

  test('what wins over all other places, even if there is nothing', async () => {
    const home = temporaryFolder();
    library(join(home, 'lib64'));
    vi.stubEnv('CUDA_HOME', home);
    vi.stubEnv('MINILLM_PLAYED', '/nowhere');
    await expect(find()).rejects.toThrow(
      'expected libplayed.so.13 or libplayed.so.12 in /nowhere/lib, /nowhere/lib64, /nowhere, as MINILLM_PLAYED says, and found none; install it',
    );
  });
});

test('a file that its variable names, but is not there, is missed by its path', async () => {
  vi.stubEnv('MINILLM_PLAYED', '/nowhere/libplayed.so.13');
  await expect(find()).rejects.toThrow(
    'expected the library /nowhere/libplayed.so.13, as MINILLM_PLAYED says, and found none; install it',
  );
});

describe('a library is found', () => {
  test.each([
    ['CUDA_HOME', 'lib64'],
    ['CUDA_PATH', 'lib'],
    ['CUDA_HOME', 'targets/x86_64-linux/lib'],
    ['CONDA_PREFIX', 'lib'],
  ])('in %s, in its %s', async (variable, folder) => {
    const home = temporaryFolder();
    const path = library(join(home, folder));
    vi.stubEnv(variable, home);
    expect(await find()).toBe(path);
  });

  test("where the loader finds it, by its name; before conda's", async () => {
    const home = temporaryFolder();
    library(join(home, 'lib'), 'libm.so.6');
    vi.stubEnv('CONDA_PREFIX', home);
    expect(await find({ names: ['libm.so.6'] })).toBe('libm.so.6');
  });

  test.each([
    ['python3', 'cu13/lib'],
    ['python3', 'played/lib'],
    ['python', 'cu13/lib'],
  ])("among pip's packages of the %s on the PATH, in %s", async (name, folder) => {
    const packages = temporaryFolder();
    const path = library(join(packages, folder));
    python(name, ['/nowhere/nvidia', packages]);
    expect(await find()).toBe(path);
  });

  test("in the toolkit before pip's packages", async () => {
    const [home, packages] = [temporaryFolder(), temporaryFolder()];
    const path = library(join(home, 'lib64'));
    library(join(packages, 'cu13/lib'));
    python('python3', [packages]);
    vi.stubEnv('CUDA_HOME', home);
    expect(await find()).toBe(path);
  });

  test('in its newest version of a folder', async () => {
    const home = temporaryFolder();
    const older = library(join(home, 'lib64'), 'libplayed.so.12');
    vi.stubEnv('CUDA_HOME', home);
    expect(await find()).toBe(older);
    expect(await find()).not.toBe(library(join(home, 'lib'), 'libplayed.so.13'));
    expect(await find()).toBe(older);
    const newer = library(join(home, 'lib64'), 'libplayed.so.13');
    expect(await find()).toBe(newer);
  });
});

describe('a library that is nowhere', () => {
  test.each([
    ['no Python', () => {}],
    ['a Python without packages of NVIDIA', () => python('python3', [])],
    ['a Python whose packages lack it', () => python('python3', ['/nowhere/nvidia'])],
  ])('is asked for by its names, with what to install, with %s', async (_, prepare) => {
    prepare();
    await expect(find()).rejects.toThrow('libplayed.so.13 or libplayed.so.12 was not found; install it');
  });
});
