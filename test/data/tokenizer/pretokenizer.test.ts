import { describe, expect, it } from 'vitest';
import { lastSafeCut, pieceEnd } from '#minillm/data/tokenizer/pretokenizer.js';
import { pattern, wellFormed } from './reference-tokenizer.ts';

function pieces(text: string): string[] {
  const bytes = Buffer.from(`${text}\0\0`);
  const length = bytes.length - 2;
  const found: string[] = [];
  for (let start = 0; start < length; ) {
    const end = pieceEnd(bytes, start, length);
    found.push(bytes.toString('utf8', start, end));
    start = end;
  }
  return found;
}

const alphabet = [..." \n\t\r'sdmtlvreSD09.,-\u00a0\u0085\ufeff\u3000é中½🙂𝐀𝟎\u0301", '\ud800', '\udc00'];

function randomText(length: number, seed: number): string {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return alphabet[(state >>> 8) % alphabet.length];
  }).join('');
}

describe('the pre-tokenizer', () => {
  it('cuts where GPT-2’s regular expression cuts', () => {
    for (let seed = 0; seed < 3000; seed++) {
      const text = randomText(1 + (seed % 40), seed);
      expect(pieces(text)).toEqual(wellFormed(text).match(pattern));
    }
  });

  it('leaves every piece as it was when a text is cut at a safe place', () => {
    for (let seed = 0; seed < 3000; seed++) {
      const text = randomText(40, seed);
      const cut = lastSafeCut(text, 30);
      expect(cut).toBeLessThan(30);
      expect([...pieces(text.slice(0, cut)), ...pieces(text.slice(cut))]).toEqual(pieces(text));
    }
  });
});
