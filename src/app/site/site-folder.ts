/**
 * @file The folder of a site. A site is written beside the one that is there, which stays until the new one is complete; what
 * else stands in the folder (`.git`, `CNAME`) stays.
 */

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { exists, fileError, makeFolder, move, remove, syncFolder } from '../../support/files.ts';
import { readJsonFile } from '../../support/json-file.ts';
import { tryLock } from '../../support/process-lock.ts';

/** What a site says of itself. */
export const MANIFEST = 'site.json';
/** Where the models of a site are. */
export const MODELS = 'models';
const ASSETS = 'assets';
/** It goes last: it finds all it needs. */
export const PAGE = 'index.html';

const LOCK = '.minillm-site.lock';
const WORK = '.minillm-site';
const MAX_SHOWN = 5;

const siteSchema = z.looseObject({ version: z.string(), main: z.looseObject({ id: z.string() }) });

/** Whether a path of a site is of a folder that belongs to the site alone, so that a new site has no such file of the old. */
export const isReplaced = (path: string): boolean => [MODELS, ASSETS].includes(path.split('/')[0] ?? '');

/**
 * Writes a site: `write` fills an empty folder, whose content takes the place of the old site once it returns. When anything
 * fails the old site stays as it was.
 * @throws UserError when the folder holds something else, another process is writing to it, or the system refuses; whatever
 * `write` throws.
 */
export async function writeSiteFolder(path: string, write: (folder: string) => Promise<void>): Promise<void> {
  const removeIfEmpty = await makeFolder(path).catch((cause: unknown) => {
    throw fileError(path, 'make the folder', cause);
  });
  try {
    await checkOwn(path);
    const attempt = tryLock(join(path, LOCK));
    if (!attempt.lock)
      throw new UserError(
        `${path}: ${attempt.holder} is writing a site there; wait until it has ended, or name another folder`,
      );
    const work = join(path, WORK);
    try {
      // what a killed process left
      await remove(work);
      const [made, old] = [join(work, 'new'), join(work, 'old')];
      await mkdir(made, { recursive: true });
      await mkdir(old);
      await write(made);
      await replace(path, made, old);
    } catch (cause) {
      throw fileError(path, 'write the site', cause);
    } finally {
      await remove(work);
      attempt.lock.release();
    }
  } finally {
    await removeIfEmpty();
  }
}

/** @throws UserError when there is something that is no site. */
async function checkOwn(path: string): Promise<void> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw fileError(path, 'read the folder', cause);
  });
  const visible = names.filter((name) => !name.startsWith('.'));
  if (visible.length === 0) return;
  const isSite = await readJsonFile(siteSchema, join(path, MANIFEST)).then(
    () => true,
    () => false,
  );
  if (isSite) return;
  const rest = visible.length > MAX_SHOWN ? ' and others' : '';
  throw new UserError(
    `${path}: expected an empty folder or a site, found ${visible.slice(0, MAX_SHOWN).join(', ')}${rest}; name another folder`,
  );
}

async function replace(path: string, made: string, old: string): Promise<void> {
  const names = (await readdir(made)).filter((name) => name !== PAGE);
  for (const name of new Set([ASSETS, MODELS, ...names, PAGE])) {
    if (await exists(join(path, name))) await move(join(path, name), join(old, name));
    if (await exists(join(made, name))) await move(join(made, name), join(path, name));
  }
  await syncFolder(path);
}
