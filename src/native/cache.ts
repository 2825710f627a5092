/** @file Where compiled kernels are kept: `MINILLM_CACHE`, else the XDG cache folder, else a private temporary one. */

import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, UserError } from '../support/errors.ts';

let temporary: Promise<string> | undefined;

/** A writable folder for compiled libraries, made if need be. */
export async function cacheFolder(): Promise<string> {
  const wanted = process.env.MINILLM_CACHE;
  const folder = wanted ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'minillm');
  try {
    await mkdir(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch (cause) {
    if (wanted) throw new UserError(`MINILLM_CACHE names ${wanted}, which cannot be written: ${messageOf(cause)}`);
    temporary ??= mkdtemp(join(tmpdir(), 'minillm-'));
    return temporary;
  }
}
