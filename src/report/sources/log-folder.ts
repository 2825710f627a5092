/** @file The log in a folder of another program: `build-nanogpt/log/log.txt`, `llm.c/log124M/main.log`. */

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { fileError } from '../../support/files.ts';

const LOG_FILE = /^(log\.txt|main\.txt|main\.log)(\.gz)?$/;
/** What build-nanogpt and llm.c (`-o log124M`) call their folders of logs. */
const LOG_FOLDER = /^log/;

/**
 * The log in `folder`, which is that of the program or that of its logs; undefined when there is none.
 * @throws UserError when there are several, naming them.
 */
export async function findLog(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw fileError(folder, 'read the folder', cause);
  });
  const folders = entries.filter((entry) => entry.isDirectory() && LOG_FOLDER.test(entry.name));
  const names = entries.map(({ name }) => name);
  for (const { name } of folders)
    names.push(...(await readdir(join(folder, name)).catch(() => [])).map((file) => join(name, file)));
  const logs = names.filter((name) => LOG_FILE.test(basename(name))).sort();
  if (logs.length > 1)
    throw new UserError(`${folder}: expected the log of one run, found ${logs.join(', ')}; give those you mean`);
  return logs[0] === undefined ? undefined : join(folder, logs[0]);
}
