/** @file Folders that are removed when the process ends, however it ends short of `kill -9`. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { endBySignal } from './end-by-signal.ts';
import { messageOf, UserError } from './errors.ts';
import { removeSync } from './files.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const folders = new Set<string>();

/**
 * An empty folder of this process alone, removed when the process ends, by itself or by a signal.
 * @param prefix begins its path; without one it is in the system's folder for them
 * @throws UserError when it cannot be made.
 */
export async function makeTemporaryFolder(prefix?: string): Promise<string> {
  const path = prefix ?? join(tmpdir(), 'minillm-');
  const folder = await mkdtemp(path).catch((cause: unknown) => {
    const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
    const advice = prefix === undefined ? `; let ${variable} name a folder that can be written` : '';
    throw new UserError(`no temporary folder can be made in ${dirname(path)} (${messageOf(cause)})${advice}`);
  });
  if (folders.size === 0) watchEnd();
  folders.add(folder);
  return folder;
}

/** Removes such a folder now. */
export function removeTemporaryFolder(folder: string): void {
  removeSync(folder);
  folders.delete(folder);
  if (folders.size === 0) unwatchEnd();
}

function removeAll(): void {
  for (const folder of folders) removeTemporaryFolder(folder);
}

function watchEnd(): void {
  process.on('exit', removeAll);
  for (const signal of SIGNALS) process.on(signal, endBy);
}

function unwatchEnd(): void {
  process.off('exit', removeAll);
  for (const signal of SIGNALS) process.off(signal, endBy);
}

/** Ends the process as the signal would have, unless somebody else listens, who then decides when it ends. */
function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  endBySignal(signal);
}
