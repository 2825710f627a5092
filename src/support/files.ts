/**
 * @file Files and folders that are either there in full or not at all: written under a temporary name beside their
 * place, flushed to disk, then renamed.
 */

import { randomBytes } from 'node:crypto';
import { fsync, rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, toNamespacedPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UserError } from './errors.ts';

const TEMPORARY_NAME = /^\..+\.tmp-[0-9a-f]{12}$/;

/** A hidden name in the same folder as `path` that nothing else uses, on this host or another. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-${randomBytes(6).toString('hex')}`);
}

/** Whether a file or folder of this name is the unfinished work of a writer (this one's, or one that was killed). */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/**
 * Turns what the system said about a path (no such file, disk full, permission denied) into a UserError `PATH: what
 * could not be done (reason)`; anything else is a defect and comes back as it is.
 */
export function fileError(path: string, attempt: string, cause: unknown): unknown {
  if (cause instanceof UserError || !(cause instanceof Error) || !('syscall' in cause)) return cause;
  return new UserError(`${path}: could not ${attempt} (${cause.message})`, { cause });
}

/** Whether something stands at `path`. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Whether a folder stands at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/**
 * Makes a folder and those above it that are missing.
 * @returns a function that removes again those it made that are still empty
 */
export async function makeFolder(path: string): Promise<() => Promise<void>> {
  const first = await mkdir(path, { recursive: true });
  return async () => {
    if (first === undefined) return;
    // on Windows `mkdir` names it in the long form, `\\?\C:\…`
    const shortest = toNamespacedPath(resolve(first)).length;
    for (let folder = toNamespacedPath(resolve(path)); folder.length >= shortest; folder = dirname(folder))
      await rmdir(folder).catch(() => {});
  };
}

const flush = promisify(fsync);

/** Flushes an open file to disk. (The file handles of Yarn Plug'n'Play have no `sync` of their own.) */
export async function syncFile({ fd }: { readonly fd: number }): Promise<void> {
  await flush(fd);
}

/** Flushes a folder's list of names, so that a file renamed into it stays there. */
export async function syncFolder(folder: string): Promise<void> {
  await sync(folder);
}

async function sync(path: string): Promise<void> {
  const isFolder = (await stat(path)).isDirectory();
  if (isFolder && process.platform === 'win32') return; // Windows cannot open a folder
  const handle = await open(path, isFolder ? 'r' : 'r+');
  try {
    await syncFile(handle);
  } finally {
    await handle.close();
  }
}

/** Flushes a folder and all it holds. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) await sync(join(folder, entry));
  await sync(folder);
}

/** Windows refuses this while another program, such as a virus scanner, has the file open, or one in the folder. */
const HELD = ['EPERM', 'EACCES', 'EBUSY'];
const PAUSES_MILLISECONDS = [10, 20, 50, 100, 200, 500, 1000, 2000];
/** The same patience with what is removed, which Node has for `recursive` only. */
const REMOVAL = { recursive: true, force: true, maxRetries: PAUSES_MILLISECONDS.length } as const;

/** Renames a file or folder; what is at `to` is replaced if it is a file. */
export function move(from: string, to: string): Promise<void> {
  return whenFree(() => rename(from, to));
}

/** Does what Windows may refuse for a moment, trying for some seconds. */
export async function whenFree<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const pause of PAUSES_MILLISECONDS) {
    try {
      return await work();
    } catch (cause) {
      if (!isHeld(cause)) throw cause;
    }
    await sleep(pause);
  }
  return work();
}

/** Whether Windows has refused something because another program has the file open. */
export function isHeld(cause: unknown): boolean {
  return process.platform === 'win32' && cause instanceof Error && 'code' in cause && HELD.includes(String(cause.code));
}

/**
 * Writes a file so that, whatever happens, `path` holds its old content or all of the new.
 * @param data all of it, or its pieces in order, each of which is written before the next is asked for
 * @throws UserError when the system refuses; whatever the pieces throw.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    const handle = await open(temporary, 'wx');
    try {
      if (typeof data === 'string' || data instanceof Uint8Array) await handle.writeFile(data);
      else for await (const piece of data) await handle.writeFile(piece);
      await syncFile(handle);
    } finally {
      await handle.close();
    }
    await move(temporary, path);
    await sync(dirname(path));
  } catch (cause) {
    await remove(temporary);
    throw fileError(path, 'write it', cause);
  }
}

/**
 * Writes a whole folder: `write` fills an empty temporary folder beside `path`, which is flushed and renamed to `path`
 * once it returns. A folder already at `path` is replaced. When anything fails the temporary folder is removed.
 * @throws UserError when the system refuses; whatever `write` throws.
 */
export async function writeFolderAtomic(path: string, write: (folder: string) => Promise<void>): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    await mkdir(temporary, { recursive: true });
    await write(temporary);
    await syncTree(temporary);
    const replaced = (await exists(path)) ? temporaryPath(path) : undefined;
    if (replaced) await move(path, replaced);
    await move(temporary, path);
    await sync(dirname(path));
    if (replaced) await remove(replaced);
  } catch (cause) {
    await remove(temporary);
    throw fileError(path, 'write it', cause);
  }
}

/** Removes a file, or a folder with all it holds, if there is one. */
export function remove(path: string): Promise<void> {
  return rm(path, REMOVAL);
}

/** `remove` for what cannot wait for a promise. */
export function removeSync(path: string): void {
  rmSync(path, REMOVAL);
}

/** Removes a folder, which disappears at once and is never seen half-deleted. */
export async function removeFolder(path: string): Promise<void> {
  const temporary = temporaryPath(path);
  await move(path, temporary);
  await remove(temporary);
}

/** Removes what killed writers left in `folder`, to which no other process may be writing. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isTemporaryName(name)) await remove(join(folder, name));
  }
}
