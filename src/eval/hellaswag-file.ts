/** @file HellaSwag's validation split from a file that the user names, or downloaded once. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../support/cache.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { exists, writeFileAtomic } from '../support/files.ts';
import { type HellaswagExample, parseHellaswag, readHellaswag } from './hellaswag-examples.ts';
import { DOWNLOAD, HELLASWAG } from './hellaswag-source.ts';

/** As long as a download may take, in milliseconds: 12 MB on a slow line. */
const PATIENCE = 300_000;

/**
 * The examples of a file, or of `download`: `published` is fetched and kept in the cache folder the first time, and its
 * checksum checked each time.
 * @throws UserError when it cannot be read or fetched, or is not HellaSwag's validation split.
 */
export async function openHellaswag(source: string, published = HELLASWAG): Promise<HellaswagExample[]> {
  if (source !== DOWNLOAD) return readHellaswag(source);
  const path = join((await cacheFolder()).folder, 'hellaswag_val.jsonl');
  if (await exists(path)) return parseHellaswag(checked(await readFile(path), published.sha256, path), path);
  const text = checked(await download(published.url), published.sha256, published.url);
  await writeFileAtomic(path, text);
  return parseHellaswag(text, published.url);
}

async function download(url: string): Promise<Uint8Array> {
  let problem: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    problem = `${response.status} ${response.statusText}`.trim();
  } catch (cause) {
    // fetch says "fetch failed" and keeps why in its cause
    problem = messageOf(cause instanceof Error && cause.cause ? cause.cause : cause);
  }
  throw new UserError(
    `${url}: HellaSwag could not be downloaded (${problem}); give the file yourself with --hellaswag FILE`,
  );
}

/** The text of a file with this checksum. */
function checked(bytes: Uint8Array, sha256: string, where: string): string {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return new TextDecoder().decode(bytes);
  throw new UserError(
    `${where}: expected HellaSwag's validation split with sha256 ${sha256}, found ${bytes.length} bytes with ${found}; remove it if it is in the cache, or give the file yourself with --hellaswag FILE`,
  );
}
