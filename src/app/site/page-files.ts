/** @file The files that the pages of a site need, of all that the build has written. */

import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../support/files.ts';
import { PAGE } from './site-folder.ts';

/** What the build has written. */
export const BUILT = fileURLToPath(new URL('../web/', import.meta.url));

/** The pages of a site as the build has them, and how a site calls them: the one that writes and reads, the one that trains. */
const PAGES = new Map([
  ['site.html', PAGE],
  ['train.html', 'train.html'],
]);
/** What sets the headers where the host does not, and the licenses of what was built in. */
const ALWAYS = ['isolation.js', 'THIRD-PARTY.txt'];
const TEXTS = ['.html', '.js', '.css'];

export interface PageFile {
  /** In the site. */
  readonly path: string;
  /** Where the build has it, relative to its folder. */
  readonly built: string;
}

/**
 * The pages, and each file whose name stands in one or in a file that it needs.
 * @throws UserError when a page cannot be read.
 */
export async function listPageFiles(built: string): Promise<PageFile[]> {
  const entries = await readdir(built, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw fileError(built, 'read the folder', cause);
  });
  const candidates = entries
    .filter((entry) => entry.isFile() && extname(entry.name) !== '.html')
    .map((entry) => join(entry.parentPath, entry.name).slice(join(built, '/').length))
    .sort();
  const needed = new Set([...PAGES.keys(), ...ALWAYS]);
  // a set is walked to its end, with what is added on the way
  for (const file of needed) {
    if (!TEXTS.includes(extname(file))) continue;
    const text = await readText(join(built, file));
    for (const candidate of candidates) if (text.includes(basename(candidate))) needed.add(candidate);
  }
  return [...needed].map((file) => ({ path: PAGES.get(file) ?? file.replaceAll('\\', '/'), built: file }));
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError(path, 'read it', cause);
  });
}
