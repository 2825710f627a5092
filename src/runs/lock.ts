/** @file One trainer a run folder: `trainer.lock` names the process that trains it. */

import { join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { lockHolder, type ProcessLock, tryLock } from '../support/process-lock.ts';

const lockPath = (runFolder: string): string => join(runFolder, 'trainer.lock');

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

/** The process that trains a run now, in words; undefined when there is none, or it is gone. */
export function trainerOf(runFolder: string): string | undefined {
  return lockHolder(lockPath(runFolder));
}
