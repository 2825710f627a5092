/** @file Where HellaSwag's validation split is found: a file that the user names, or one that is downloaded once. */

import { join } from 'node:path';
import { cacheFolder } from '../native/cache.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { exists, writeFileAtomic } from '../support/files.ts';
import { type HellaswagExample, parseHellaswag, readHellaswag } from './hellaswag-examples.ts';

const ORIGINAL = 'https://raw.githubusercontent.com/rowanz/hellaswag/master/data/hellaswag_val.jsonl';
const EXAMPLES = 10_042;

/** In the place of a path: the file from its authors' repository. */
export const DOWNLOAD = 'download';

/** As long as a download may take, in milliseconds: 12 MB on a slow line. */
const PATIENCE = 300_000;

/**
 * The examples of a file, or of `download`: fetched, checked and kept in the cache folder the first time.
 * @throws UserError when it cannot be read or fetched, or is not HellaSwag's validation split.
 */
export async function openHellaswag(source: string, url = ORIGINAL): Promise<HellaswagExample[]> {
  if (source !== DOWNLOAD) return readHellaswag(source);
  const path = join((await cacheFolder()).folder, 'hellaswag_val.jsonl');
  if (await exists(path)) return checked(await readHellaswag(path), path);
  const text = await fetchText(url);
  const examples = checked(parseHellaswag(text, url), url);
  await writeFileAtomic(path, text);
  return examples;
}

async function fetchText(url: string): Promise<string> {
  const advice = 'give a file you have with --hellaswag FILE';
  let problem: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return await response.text();
    problem = `${response.status} ${response.statusText}`.trim();
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause ? cause.cause : cause;
    problem = messageOf(reason);
  }
  throw new UserError(`${url}: could not download HellaSwag (${problem}); ${advice}`);
}

function checked(examples: HellaswagExample[], where: string): HellaswagExample[] {
  if (examples.length === EXAMPLES) return examples;
  throw new UserError(
    `${where}: expected the ${EXAMPLES} examples of HellaSwag's validation split, found ${examples.length}; download it again`,
  );
}
