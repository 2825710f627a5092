/** @file A small data folder and short runs on it, for tests of the command line. */

import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { minillm } from './minillm.js';

/** A preset with the smallest batch: a step takes some 50 ms. */
export const TINY = [
  ...['--preset', 'tiny', '--batch-size', '2', '--sequence-length', '32', '--total-batch-size', '64'],
  ...['--threads', '2', '--eval-every', '0', '--sample-every', '0'],
];

/** Text of some 4,000 tokens. */
export const TEXT = Array.from({ length: 200 }, (_, day) => `On day ${day} the fox met ${day % 7} dogs.`).join('\n');

/** A folder for the tests of a file, with shards made by `minillm data text` in `data`. */
export function tinyData(): { readonly folder: string; readonly data: string } {
  const folder = mkdtempSync(join(tmpdir(), 'minillm-test-'));
  const data = join(folder, 'data');
  beforeAll(async () => {
    const text = join(folder, 'text.txt');
    await writeFile(text, TEXT);
    const { code, stderr } = await minillm('data', 'text', text, '--out', data);
    if (code !== 0) throw new Error(stderr);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, data };
}
