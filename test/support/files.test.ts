import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '#minillm/support/errors.js';
import {
  isTemporaryName,
  removeTemporaries,
  temporaryPath,
  whenFree,
  writeFileAtomic,
  writeFolderAtomic,
} from '#minillm/support/files.js';
import { temporaryFolder } from './temporary-folder.ts';
import { playLinux, playWindows } from './windows.ts';

describe('writeFileAtomic', () => {
  test('writes and replaces, leaving nothing else behind', async () => {
    const folder = temporaryFolder();
    await writeFileAtomic(join(folder, 'a'), 'first');
    await writeFileAtomic(join(folder, 'a'), new Uint8Array([104, 105]));
    expect(readdirSync(folder)).toEqual(['a']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('hi');
  });

  test('names the file when the system refuses', async () => {
    const path = join(temporaryFolder(), 'missing', 'a');
    const failure = writeFileAtomic(path, '');
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(`${path}: could not write it (ENOENT`);
  });
});

describe('writeFolderAtomic', () => {
  test('the folder appears only when it is complete', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'step');
    await writeFolderAtomic(path, async (temporary) => {
      mkdirSync(join(temporary, 'inner'));
      writeFileSync(join(temporary, 'inner', 'a'), 'x');
      expect(existsSync(path)).toBe(false);
      expect(readdirSync(folder).every(isTemporaryName)).toBe(true);
    });
    expect(readdirSync(folder)).toEqual(['step']);
    expect(readFileSync(join(path, 'inner', 'a'), 'utf8')).toBe('x');
  });

  test('a folder of that name is replaced', async () => {
    const path = join(temporaryFolder(), 'step');
    await writeFolderAtomic(path, async (temporary) => writeFileSync(join(temporary, 'old'), ''));
    await writeFolderAtomic(path, async (temporary) => writeFileSync(join(temporary, 'new'), ''));
    expect(readdirSync(path)).toEqual(['new']);
  });

  test('a writer that fails leaves the old folder and nothing else', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'step');
    await writeFolderAtomic(path, async (temporary) => writeFileSync(join(temporary, 'old'), ''));
    const failure = new RangeError('the device ran out of memory');
    await expect(writeFolderAtomic(path, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(readdirSync(folder)).toEqual(['step']);
    expect(readdirSync(path)).toEqual(['old']);
  });
});

test('removeTemporaries removes what killed writers left, and nothing of the user', async () => {
  const folder = temporaryFolder();
  mkdirSync(temporaryPath(join(folder, 'step-00005000')));
  writeFileSync(temporaryPath(join(folder, 'metrics.jsonl')), '');
  for (const name of ['.hidden', 'notes.tmp-1', '.a.tmp-b']) writeFileSync(join(folder, name), '');
  await removeTemporaries(folder);
  expect(readdirSync(folder).sort()).toEqual(['.a.tmp-b', '.hidden', 'notes.tmp-1']);
});

describe('a file that another program has open for a moment', () => {
  /** Refused with these codes, one after another; then it succeeds. */
  function refused(...codes: string[]): () => Promise<string> {
    return async () => {
      const code = codes.shift();
      if (code) throw Object.assign(new Error(code), { code });
      return 'done';
    };
  }

  test('is waited for on Windows', async () => {
    playWindows();
    expect(await whenFree(refused('EPERM', 'EBUSY', 'EACCES'))).toBe('done');
  });

  test('is not, where the refusal has another reason', async () => {
    playWindows();
    await expect(whenFree(refused('EBUSY', 'ENOSPC'))).rejects.toThrow('ENOSPC');
  });

  test('does not exist on other systems', async () => {
    playLinux();
    await expect(whenFree(refused('EPERM'))).rejects.toThrow('EPERM');
  });
});
