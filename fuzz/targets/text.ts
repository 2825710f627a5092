/** @file Documents in plain text, and their tokens back to text. */

import { readFile } from 'node:fs/promises';
import { decode, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { fileTarget } from '../file-target.ts';
import { mutateLines } from '../mutate/lines.ts';
import { FuzzFailure } from '../target.ts';
import { readTexts } from '../texts.ts';

const TEXT = `Once upon a time, there was a fox.\n\n  It's 1234.5 “naïve” 日本語 🙂\r\n<|endoftext|>Another\tdocument,
with    spaces, ${'!'.repeat(40)} and ${'ab'.repeat(40)}<|endoftext|><|endoftext|>\nend`;

export const target = fileTarget({
  name: 'text',
  fileName: 'book.txt',
  seeds: () => [TEXT],
  mutate: mutateLines,
  async read(path) {
    await readTexts(path, { splitOn: '\n\n' });
    await readTexts(path);
    const text = await readFile(path, 'utf8');
    if (decode(encode(text)) !== text) throw new FuzzFailure('the tokens of a text give another text');
  },
});
