/** @file Whether a session fits its device. */

import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import type { Region } from '../plan.ts';
import type { Backend } from './backend.ts';

/** Bytes of the whole session, the backend's own included. */
export function totalBytes(backend: Backend, bytes: ReadonlyMap<Region, number>): number {
  return [...bytes.values()].reduce((sum, size) => sum + size, backend.overheadBytes);
}

/**
 * Checks that a session fits the device.
 * @param advice what to do if it does not fit; evaluated only then
 * @throws UserError saying what is needed and what there is
 */
export function checkMemory(
  backend: Backend,
  bytes: ReadonlyMap<Region, number>,
  what: string,
  advice: () => string,
): void {
  const needed = totalBytes(backend, bytes);
  const { available } = backend.memory();
  if (needed <= available) return;
  throw new UserError(`${what} needs ${formatBytes(needed)}, the device has ${formatBytes(available)}; ${advice()}`);
}
