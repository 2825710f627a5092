/** @file HellaSwag's validation split from a file that the user names, or downloaded once. */

import { join } from 'node:path';
import { cacheFolder } from '../support/cache.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { exists, writeFileAtomic } from '../support/files.ts';
import { type HellaswagExample, parseHellaswag, readHellaswag } from './hellaswag-examples.ts';
import { DOWNLOAD, HELLASWAG_EXAMPLES, HELLASWAG_URL } from './hellaswag-source.ts';

/** As long as a download may take, in milliseconds: 12 MB on a slow line. */
const PATIENCE = 300_000;

/**
 * The examples of a file, or of `download`: fetched from `url`, checked and kept in the cache folder the first time.
 * @throws UserError when it cannot be read or fetched, or is not HellaSwag's validation split.
 */
export async function openHellaswag(source: string, url = HELLASWAG_URL): Promise<HellaswagExample[]> {
  if (source !== DOWNLOAD) return readHellaswag(source);
  const path = join((await cacheFolder()).folder, 'hellaswag_val.jsonl');
  if (await exists(path)) return checked(await readHellaswag(path), path);
  const text = await fetchText(url);
  const examples = checked(parseHellaswag(text, url), url);
  await writeFileAtomic(path, text);
  return examples;
}

async function fetchText(url: string): Promise<string> {
  let problem: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return await response.text();
    problem = `${response.status} ${response.statusText}`.trim();
  } catch (cause) {
    // fetch says "fetch failed" and keeps why in its cause
    problem = messageOf(cause instanceof Error && cause.cause ? cause.cause : cause);
  }
  throw new UserError(
    `${url}: HellaSwag could not be downloaded (${problem}); give the file yourself with --hellaswag FILE`,
  );
}

function checked(examples: HellaswagExample[], where: string): HellaswagExample[] {
  if (examples.length === HELLASWAG_EXAMPLES) return examples;
  throw new UserError(
    `${where}: expected the ${HELLASWAG_EXAMPLES} examples of HellaSwag's validation split, found ${examples.length}; remove it, or give another with --hellaswag FILE`,
  );
}
