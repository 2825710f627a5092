import { expect, it } from 'vitest';
import { characterKinds, LETTER, NUMBER, OTHER, SPACE } from '#minillm/data/tokenizer/character-kinds.js';

function kindByRegExp(character: string): number {
  if (/\p{L}/u.test(character)) return LETTER;
  if (/\p{N}/u.test(character)) return NUMBER;
  return /\p{White_Space}/u.test(character) ? SPACE : OTHER;
}

it('has the kinds of Node’s own Unicode, but for characters assigned after Unicode 16', () => {
  const different: number[] = [];
  for (let codePoint = 0; codePoint < 0x110000; codePoint++)
    if (kindByRegExp(String.fromCodePoint(codePoint)) !== characterKinds[codePoint]) different.push(codePoint);
  expect(different.filter((codePoint) => characterKinds[codePoint] !== OTHER)).toEqual([]);
  if (Number(process.versions.unicode) === 16) expect(different).toEqual([]);
  // U+088F, a letter of Unicode 17, is none to tiktoken 0.14
  expect(characterKinds[0x88f]).toBe(OTHER);
});
