/** @file `journal.jsonl` of a build that is to go on. */

import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openBuildFolder } from '#minillm/data/sharding/build-folder.js';
import { readJournal } from '#minillm/data/sharding/build-journal.js';
import { fileTarget } from '../file-target.ts';
import { mutateLines } from '../mutate/lines.ts';
import { FuzzFailure } from '../target.ts';

const SETTINGS = { source: 'book.txt', files: 2, filesDigest: '0123456789abcdef', textField: 'text', splitOn: null };
const place = { file: 0, unit: 3, offset: 17, tokens: 4000, documents: 12, bytes: 20_000, skipped: 0 };
const LINES = [
  { formatVersion: 1, settings: SETTINGS },
  { ...place, sha256: 'a'.repeat(64) },
  { ...place, unit: 4, tokens: 6000, ended: true },
];

export const target = fileTarget({
  name: 'journal',
  fileName: '.building/journal.jsonl',
  seeds: () => [LINES.map((line) => `${JSON.stringify(line)}\n`).join('')],
  mutate: mutateLines,
  async prepare(folder) {
    await mkdir(join(folder, '.building'));
    await writeFile(join(folder, 'bystander'), '');
  },
  async read(path, folder) {
    try {
      await readJournal(path);
      const opened = await openBuildFolder(folder, SETTINGS, false);
      if (opened.state === 'unfinished') await opened.journal.close();
      if ((await stat(join(folder, 'bystander')).catch(() => undefined)) === undefined)
        throw new FuzzFailure('a file that is not of the build was removed');
    } finally {
      await mkdir(dirname(path), { recursive: true });
    }
  },
});
