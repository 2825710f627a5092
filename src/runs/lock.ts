/** @file One trainer per run folder: `trainer.lock` names the process that trains it. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../support/errors.ts';
import { fileError, makeFolder } from '../support/files.ts';
import { lockHolder, type ProcessLock, tryLock } from '../support/process-lock.ts';
import { readRegularFileSync } from '../support/regular-file.ts';

const MAX_LOCK_BYTES = 4096;

const lockPath = (runFolder: string): string => join(runFolder, 'trainer.lock');

/**
 * Makes the run folder if necessary, and takes its lock.
 * @returns a function that releases it, and removes a folder that was made here and is still empty
 * @throws UserError naming the process that holds the lock, or when the system refuses.
 */
export async function enterRunFolder(runFolder: string): Promise<() => Promise<void>> {
  const removeIfEmpty = await makeFolder(runFolder).catch((cause: unknown) => {
    throw fileError(runFolder, 'make the run folder', cause);
  });
  try {
    const lock = lockRunFolder(runFolder);
    return async () => {
      lock.release();
      await removeIfEmpty();
    };
  } catch (cause) {
    await removeIfEmpty();
    throw cause;
  }
}

/**
 * Takes the lock of a run folder, which must exist.
 * @throws UserError naming the process that holds it, or when the system refuses.
 */
export function lockRunFolder(runFolder: string): ProcessLock {
  const path = lockPath(runFolder);
  const attempt = tryLock(path);
  if (attempt.lock) return attempt.lock;
  throw new UserError(`${path}: this run is being trained by ${attempt.holder}; stop it or train in another folder`);
}

/** How long a network file system may take to show what another machine has written. */
const SHARE_MILLISECONDS = 10_000;

/** What the lock of a run folder says, for other processes to compare; '' without one. */
export function readLock(runFolder: string): string {
  try {
    return readRegularFileSync(lockPath(runFolder), MAX_LOCK_BYTES).toString();
  } catch {
    return '';
  }
}

/** Whether this process sees the lock that another has taken, perhaps on another machine, which says `lock`. */
export async function seesLock(runFolder: string, lock: string): Promise<boolean> {
  const start = performance.now();
  while (readLock(runFolder) !== lock) {
    if (performance.now() - start > SHARE_MILLISECONDS) return false;
    await sleep(100);
  }
  return true;
}

/** The process that is training a run, in words; undefined when there is none, or it is gone. */
export function trainerOf(runFolder: string): string | undefined {
  return lockHolder(lockPath(runFolder));
}
