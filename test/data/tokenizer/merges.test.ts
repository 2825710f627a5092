import { expect, it } from 'vitest';
import { mergePiece } from '#minillm/data/tokenizer/merges.js';
import { tokenBytes } from '#minillm/data/tokenizer/token-bytes.js';
import { END_OF_TEXT } from '#minillm/support/gpt2-vocabulary.js';
import { Random } from '#minillm/support/random.js';
import { mergeByDefinition } from './reference-tokenizer.ts';

function merged(bytes: Uint8Array): number[] {
  const target = new Uint16Array(bytes.length);
  return [...target.subarray(0, mergePiece(bytes, 0, bytes.length, target, 0))];
}

it('merges the bytes of every token into that token', () => {
  const ids = Array.from({ length: END_OF_TEXT }, (_, id) => id);
  expect(ids.filter((id) => merged(tokenBytes(id)).join() !== String(id))).toEqual([]);
});

it('merges short and long pieces by rank, the leftmost pair first', () => {
  const random = new Random(1, 'pieces');
  for (const alphabet of ['a', 'ab', 'eatinorsh', '=-', ' ', '0123456789', 'éàü中文🙂'])
    for (const length of [1, 2, 3, 5, 8, 20, 60, 120, 127, 128, 129, 130, 200, 400]) {
      const characters = [...alphabet];
      const piece = Array.from({ length }, () => characters[random.uint32() % characters.length]).join('');
      const bytes = Buffer.from(piece);
      expect(merged(bytes), piece).toEqual(mergeByDefinition(bytes));
    }
});

it('writes at the position it is given and nowhere else', () => {
  const target = new Uint16Array(8).fill(7);
  expect(mergePiece(Buffer.from('say hello'), 3, 9, target, 2)).toBe(1);
  expect([...target]).toEqual([7, 7, 23748, 7, 7, 7, 7, 7]);
});
