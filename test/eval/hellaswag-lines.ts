/** @file A small file in HellaSwag's format. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const WORDS = 'the fox runs away from a dog that sleeps under old trees and barks at night'.split(' ');

/** The path of a new file with so many examples, of lengths like the original's unless endings are to have so many words. */
export function hellaswagFile(count: number, endingWords?: number): string {
  const random = new Random(1, 'hellaswag');
  const text = (words: number): string =>
    Array.from({ length: words }, () => WORDS[random.uint32() % WORDS.length]).join(' ');
  const lines = Array.from({ length: count }, () => ({
    ctx: `${text(5 + (random.uint32() % 20))}.`,
    endings: Array.from({ length: 4 }, () => `${text(endingWords ?? 3 + (random.uint32() % 15))}.`),
    label: random.uint32() % 4,
  }));
  const path = join(temporaryFolder(), 'hellaswag.jsonl');
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}
