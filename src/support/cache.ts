/** @file Where compiled kernels and downloads are kept: `MINILLM_CACHE`, else the XDG cache folder, else a private temporary one. */

import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { messageOf, UserError } from './errors.ts';

export interface Cache {
  readonly folder: string;
  /** Whether it is this process's own, so that the next one begins anew. */
  readonly isTemporary: boolean;
}

let temporary: Promise<string> | undefined;

/**
 * A writable folder for compiled libraries and downloads, made if need be.
 * @throws UserError when `MINILLM_CACHE` names one that cannot be written.
 */
export async function cacheFolder(): Promise<Cache> {
  const wanted = process.env.MINILLM_CACHE;
  const folder = wanted ? resolve(wanted) : join(xdgCacheHome(), 'minillm');
  try {
    await makeFolder(folder);
    accessSync(folder, constants.W_OK);
    return { folder, isTemporary: false };
  } catch (cause) {
    if (wanted) throw new UserError(`MINILLM_CACHE names ${wanted}, which cannot be written: ${messageOf(cause)}`);
    temporary ??= mkdtemp(join(tmpdir(), 'minillm-'));
    return { folder: await temporary, isTemporary: true };
  }
}

/** An empty or relative `XDG_CACHE_HOME` counts for nothing (XDG Base Directory Specification). */
function xdgCacheHome(): string {
  const home = process.env.XDG_CACHE_HOME ?? '';
  return isAbsolute(home) ? home : join(homedir(), '.cache');
}

/** Makes a folder and those above it. (Node's own recursive `mkdir` never ends where the system hides the reason, as under /proc.) */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch((cause: unknown) => {
    // another process may have been faster
    if (!existsSync(folder)) throw cause;
  });
}
