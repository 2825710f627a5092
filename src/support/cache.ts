/**
 * @file Where compiled kernels and downloads are kept: `MINILLM_CACHE`, else the XDG cache folder, if nobody else can
 * change what is there; else a temporary folder of this process, which is announced once.
 */

import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf, UserError } from './errors.ts';
import { isFolder } from './files.ts';
import { xdgCacheHome } from './home.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { findExposure } from './trust.ts';

/** The lasting folder, or why there is none and what to do. */
export type Cache =
  | { readonly folder: string; readonly isWritable: boolean; readonly problem?: undefined }
  | { readonly folder?: undefined; readonly isWritable?: undefined; readonly problem: CacheProblem };

export interface CacheProblem {
  readonly found: string;
  readonly advice: string;
}

const NAME_ANOTHER = 'let MINILLM_CACHE name a folder of your own that can be written';

/**
 * The folder that the environment names, symbolic links resolved, made if it is missing.
 * @throws UserError when `MINILLM_CACHE` names one that can be neither made nor read.
 */
export async function findCache(): Promise<Cache> {
  const wanted = process.env.MINILLM_CACHE;
  const home = xdgCacheHome();
  if (!wanted && !home) return { problem: { found: 'this user has no home folder', advice: NAME_ANOTHER } };
  let folder = wanted ? resolve(wanted) : join(home as string, 'minillm');
  try {
    await makeFolder(folder);
    folder = await realpath(folder);
    if (!(await isFolder(folder))) throw new Error('there is a file of that name');
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (cause) {
    const reason = messageOf(cause);
    if (wanted) throw new UserError(`MINILLM_CACHE names ${wanted}, which can be neither made nor read: ${reason}`);
    return { problem: { found: `${folder} can be neither made nor read (${reason})`, advice: NAME_ANOTHER } };
  }
  const exposure = await findExposure(folder);
  if (exposure === undefined) return { folder, isWritable: canWrite(folder) };
  const advice = exposure.mend ? `${exposure.mend}, or ${NAME_ANOTHER}` : NAME_ANOTHER;
  return { problem: { found: exposure.found, advice } };
}

/**
 * A folder to read from; it may be read-only.
 * @throws UserError when `MINILLM_CACHE` can be neither made nor read, or no temporary folder can be made.
 */
export async function cacheFolder(): Promise<string> {
  const { folder, problem } = await findCache();
  return folder ?? (await temporaryCache(problem));
}

/**
 * A folder to write to: that of `cacheFolder`, else a temporary one.
 * @param lacks what the cache lacks, in words: it is about to be written
 * @throws UserError as `cacheFolder` does.
 */
export async function writableCacheFolder(lacks: string): Promise<string> {
  const { folder, isWritable, problem } = await findCache();
  if (problem) return temporaryCache(problem);
  if (isWritable) return folder;
  return temporaryCache({ found: `${folder} has no ${lacks} and cannot be written`, advice: NAME_ANOTHER });
}

let temporary: Promise<string> | undefined;

/** The temporary folder of this process; the first to need it says why. */
function temporaryCache(problem: CacheProblem): Promise<string> {
  temporary ??= makeTemporaryCache(problem);
  return temporary;
}

async function makeTemporaryCache({ found, advice }: CacheProblem): Promise<string> {
  const folder = await makeTemporaryFolder().catch((cause: unknown) => {
    throw new UserError(`${found}, and ${messageOf(cause)}, or ${NAME_ANOTHER}`);
  });
  console.error(`minillm: ${found}; a temporary cache is used, filled anew by every process: ${advice}`);
  return folder;
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a folder and those above it, writable by this user alone. (Node's own recursive `mkdir` never returns where the
 * system hides the reason of a failure, as under /proc.)
 */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolder(dirname(folder));
  await mkdir(folder, 0o755).catch((cause: unknown) => {
    // another process may have been faster
    if (!existsSync(folder)) throw cause;
  });
}
