import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

const PROJECT = fileURLToPath(new URL('../../package.json', import.meta.url));
/** No user has it. */
const ID = 54321;

/** Options for a process that file permissions hold for: none for an ordinary user, another user's id for root. */
export function ordinaryUser({ skip }: TestContext): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const user = { uid: ID, gid: ID };
  const read = `require('node:fs').accessSync(${JSON.stringify(PROJECT)})`;
  if (spawnSync(process.execPath, ['-e', read], user).status !== 0)
    skip('this project lies where only root can read it');
  return user;
}

/** Skips a test that gives files to another user. */
export function onlyAsRoot({ skip }: TestContext): void {
  if (process.getuid?.() !== 0) skip('to give a file to another user takes root');
}
