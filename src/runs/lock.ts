/** @file One trainer a run folder: `trainer.lock` names the process that trains it. */

import { join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { type ProcessLock, tryLock } from '../support/process-lock.ts';

/**
 * Takes the lock of a run folder, which must exist.
 * @throws UserError naming the process that holds it, or when the system refuses.
 */
export function lockRunFolder(runFolder: string): ProcessLock {
  const path = join(runFolder, 'trainer.lock');
  const attempt = tryLock(path);
  if (attempt.lock) return attempt.lock;
  throw new UserError(`${path}: this run is being trained by ${attempt.holder}; stop it or train in another folder`);
}
