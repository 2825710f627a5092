import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findExposure, isOnlyOurs } from '#minillm/support/trust.js';
import { onlyAsRoot } from './ordinary-user.ts';
import { testOnPosix } from './posix.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { playWindows } from './windows.ts';

/** A group and a user that do not exist. */
const NOBODY = 54321;

function folderOf(mode: number, parent = temporaryFolder()): string {
  const folder = join(parent, 'folder');
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}

testOnPosix.each([0o700, 0o755, 0o2755])('a folder of mode %o is nobody else’s', async (mode) => {
  expect(await findExposure(folderOf(mode))).toBeUndefined();
});

testOnPosix.each([0o777, 0o757, 0o1777])('a folder of mode %o can be changed by others', async (mode) => {
  const folder = folderOf(mode);
  expect(await findExposure(folder)).toEqual({
    found: `other users can write to ${folder}`,
    mend: `chmod go-w ${folder}`,
  });
});

testOnPosix('so can all that lies in a folder of others, unless it is sticky', async () => {
  const open = folderOf(0o777);
  expect(await findExposure(folderOf(0o755, folderOf(0o755, open)))).toMatchObject({ mend: `chmod go-w ${open}` });
  expect(await findExposure(folderOf(0o755, folderOf(0o1777)))).toBeUndefined();
});

testOnPosix('a folder of another user, and all in it, is exposed', async (context) => {
  onlyAsRoot(context);
  const theirs = folderOf(0o755);
  const within = folderOf(0o755, theirs);
  chownSync(theirs, NOBODY, NOBODY);
  for (const folder of [theirs, within])
    expect(await findExposure(folder)).toEqual({ found: `user ${NOBODY} owns ${theirs}` });
});

testOnPosix('a group may write if it is the private one of the owner', async (context) => {
  onlyAsRoot(context);
  const folder = folderOf(0o775);
  chownSync(folder, 0, 0);
  expect(await findExposure(folder)).toBeUndefined();
  chownSync(folder, 0, NOBODY);
  expect(await findExposure(folder)).toMatchObject({ mend: `chmod go-w ${folder}` });
});

testOnPosix('a file is only ours if nobody else can write to it', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '', { mode: 0o644 });
  expect(await isOnlyOurs(statSync(file))).toBe(true);
  chmodSync(file, 0o646);
  expect(await isOnlyOurs(statSync(file))).toBe(false);
});

test('on Windows, whose modes say nothing, no folder is exposed', async () => {
  const folder = folderOf(0o777);
  playWindows();
  expect(await findExposure(folder)).toBeUndefined();
});
