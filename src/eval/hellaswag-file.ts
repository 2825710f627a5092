/** @file HellaSwag's validation split from a file that the user names, or downloaded once. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheFolder, writableCacheFolder } from '../support/cache.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { exists, writeFileAtomic } from '../support/files.ts';
import { readRegularFile } from '../support/regular-file.ts';
import { type HellaswagExample, parseHellaswag, readHellaswag } from './hellaswag-examples.ts';
import { DOWNLOAD, HELLASWAG } from './hellaswag-source.ts';

/** Its name in the cache. */
const FILE = 'hellaswag_val.jsonl';
/** How long a download may take, in milliseconds: it is 12 MB. */
const TIMEOUT = 300_000;

/** The published file holds 12 MB. */
const MAX_DOWNLOAD_BYTES = 100_000_000;

/** Receives the number of bytes downloaded so far, and the size of the file. */
type OnProgress = (bytes: number, totalBytes: number) => void;

/**
 * The examples of a file, or of `download`: `published` is fetched the first time, and its checksum checked each time.
 * @throws UserError when it cannot be read or fetched, or is not HellaSwag's validation split.
 */
export async function openHellaswag(source: string, published = HELLASWAG): Promise<HellaswagExample[]> {
  if (source !== DOWNLOAD) return readHellaswag(source);
  const path = await fetchHellaswag(published);
  return parseHellaswag(checked(await readRegularFile(path, MAX_DOWNLOAD_BYTES), published.sha256, path), path);
}

/**
 * The path of the published file in the cache folder, downloaded and verified unless it is there.
 * @param onProgress not called where the server does not report the size of the file
 * @throws UserError when it cannot be fetched, or is not HellaSwag's validation split.
 */
export async function fetchHellaswag({ url, sha256 } = HELLASWAG, onProgress?: OnProgress): Promise<string> {
  const kept = join(await cacheFolder(), FILE);
  if (await exists(kept)) return kept;
  const path = join(await writableCacheFolder(FILE), FILE);
  if (!(await exists(path))) await writeFileAtomic(path, checked(await download(url, onProgress), sha256, url));
  return path;
}

async function download(url: string, onProgress: OnProgress | undefined): Promise<Uint8Array> {
  let problem: string;
  try {
    // so that the server reports the size of the file, not of a compressed form
    const headers = { 'accept-encoding': 'identity' };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) });
    if (response.ok) return await readBody(response, onProgress);
    problem = `${response.status} ${response.statusText}`.trim();
  } catch (cause) {
    // fetch only says "fetch failed"; the reason is its cause
    problem = messageOf(cause instanceof Error && cause.cause ? cause.cause : cause);
  }
  throw new UserError(
    `${url}: HellaSwag could not be downloaded (${problem}); give the file yourself with --hellaswag FILE`,
  );
}

async function readBody(response: Response, onProgress: OnProgress | undefined): Promise<Uint8Array> {
  const totalBytes = Number(response.headers.get('content-length'));
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAX_DOWNLOAD_BYTES) throw new Error(`more than ${MAX_DOWNLOAD_BYTES} bytes`);
    if (totalBytes > 0) onProgress?.(bytes, totalBytes);
  }
  return Buffer.concat(pieces);
}

/** The text of a file with this checksum. */
function checked(bytes: Uint8Array, sha256: string, where: string): string {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return new TextDecoder().decode(bytes);
  throw new UserError(
    `${where}: expected HellaSwag's validation split with sha256 ${sha256}, found ${bytes.length} bytes with ${found}; remove it if it is in the cache, or give the file yourself with --hellaswag FILE`,
  );
}
