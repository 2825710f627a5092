/**
 * @file Compiled code in the cache. The name `STEM-CHECKSUM.so` (or `.cubin`, for a GPU) holds the checksum of the content, so
 * damaged code is never loaded, and one rename puts code and checksum in place.
 */

import { createHash } from 'node:crypto';
import { closeSync, constants, fchmodSync, fstatSync, fsyncSync, futimesSync, openSync, readFileSync } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../support/files.ts';
import { isOnlyOurs } from '../support/trust.ts';

/** A stem ends with one key or two. */
const LIBRARY = /^(.+?)(?:-[0-9a-f]{16}){1,2}-[0-9a-f]{32}\.(?:so|cubin)$/;
/** What the code is for. */
export type Extension = '.so' | '.cubin';
/** What earlier versions wrote, without a checksum. */
const OLD_LIBRARY = /-[0-9a-f]{16}\.so$/;
/** Prefix of the folders in which libraries are built. */
export const BUILD_PREFIX = '.minillm-build-';

const DAY_MILLISECONDS = 86_400_000;
const BUILD_DAYS = 1;
const UNUSED_DAYS = 30;

/** What the file name ends with: the checksum of the content. */
function ending(content: Uint8Array, extension: Extension): string {
  return `-${createHash('sha256').update(content).digest('hex').slice(0, 32)}${extension}`;
}

/**
 * The path of code that is safe to load: its content matches its name, and nobody else can change it. Undefined if there is
 * none.
 * @param stem that it was kept under, or the beginning of that, up to a hyphen
 */
export async function findKept(folder: string, stem: string, extension: Extension): Promise<string | undefined> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${stem}-`)) continue;
    const path = join(folder, name);
    const content = await readOwn(path);
    if (content && name.endsWith(ending(content, extension))) return path;
  }
  return undefined;
}

/** The content of a file that nobody else can change, which is marked as used today; undefined when there is no such file. */
async function readOwn(path: string): Promise<Uint8Array | undefined> {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || !(await isOnlyOurs(stats))) return undefined;
    touch(file);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function touch(file: number): void {
  const now = new Date();
  try {
    futimesSync(file, now, now);
  } catch {
    // the file is root's, or the disk is read-only
  }
}

/** Moves code that was built in the same cache to its final name, and returns its path. */
export async function keep(made: string, folder: string, stem: string, extension: Extension): Promise<string> {
  const file = openSync(made, 'r+');
  let content: Uint8Array;
  try {
    content = readFileSync(file);
    fchmodSync(file, fstatSync(file).mode & ~0o022);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const path = join(folder, `${stem}${ending(content, extension)}`);
  await rename(made, path);
  await syncFolder(folder);
  return path;
}

/** Removes libraries that were not loaded for a month, and what killed builds left behind. */
export async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const isLibrary = LIBRARY.test(name) || OLD_LIBRARY.test(name);
    const days = name.startsWith(BUILD_PREFIX) ? BUILD_DAYS : isLibrary ? UNUSED_DAYS : Number.POSITIVE_INFINITY;
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined || Date.now() - stats.mtimeMs < days * DAY_MILLISECONDS) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined); // harmless if it stays
  }
}

/** The names of the libraries in a cache, each once. */
export async function listLibraries(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).map((file) => LIBRARY.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
