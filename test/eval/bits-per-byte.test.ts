import { expect, test } from 'vitest';
import { IGNORED_TARGET } from '#minillm/data/batches/evaluation-batches.js';
import { END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { bitsPerByte, targetBytes } from '#minillm/eval/bits-per-byte.js';

test("the bytes of a text are those of its UTF-8, and a document's end is none", () => {
  const texts = ['Once upon a time', ' “Grüße, 日本”\n', '🐻🐻 1234'];
  const targets = texts.flatMap((text) => [...encode(text), END_OF_TEXT, IGNORED_TARGET]);
  const half = targets.length >> 1;
  const batches = [targets.slice(0, half), targets.slice(half)].map((ids) => ({
    tokens: new Int32Array(ids.length),
    targets: Int32Array.from(ids),
  }));
  expect(targetBytes(batches)).toBe(Buffer.byteLength(texts.join('')));
});

test('a model that guesses among 256 equally likely bytes needs eight bits for each', () => {
  expect(bitsPerByte(Math.log(256), 1000, 1000)).toBeCloseTo(8, 12);
  // four bytes a token
  expect(bitsPerByte(Math.log(256), 1000, 4000)).toBeCloseTo(2, 12);
});
