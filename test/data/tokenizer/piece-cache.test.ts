import { expect, it } from 'vitest';
import { PieceCache } from '#minillm/data/tokenizer/piece-cache.js';

/** The bytes of a piece between others that must not count. */
function asText(piece: string): { text: DataView; start: number; end: number } {
  const bytes = new Uint8Array(Buffer.from(`<${piece}>>>>`));
  return { text: new DataView(bytes.buffer), start: 1, end: bytes.length - 4 };
}

function add(cache: PieceCache, piece: string, ids: readonly number[]): void {
  const { text, start, end } = asText(piece);
  cache.add(text, start, end, Uint16Array.from([9, ...ids]), 1, ids.length);
}

function find(cache: PieceCache, piece: string): number[] {
  const { text, start, end } = asText(piece);
  const target = new Uint16Array(32);
  return [...target.subarray(2, 2 + cache.copyIds(text, start, end, target, 2))];
}

it('gives back the ids of a piece of any length it takes, and none for a longer one', () => {
  const cache = new PieceCache();
  const pieces = Array.from({ length: 28 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz01'.slice(0, i + 1));
  for (const [i, piece] of pieces.entries()) add(cache, piece, [i, 65_535 - i]);
  for (const [i, piece] of pieces.entries()) expect(find(cache, piece)).toEqual([i, 65_535 - i]);
  add(cache, 'x'.repeat(29), [1]);
  expect(find(cache, 'x'.repeat(29))).toEqual([]);
});

it('keeps up to sixteen ids and does not keep more', () => {
  const cache = new PieceCache();
  const ids = Array.from({ length: 17 }, (_, i) => i + 300);
  add(cache, 'sixteen', ids.slice(0, 16));
  add(cache, 'seventeen', ids);
  expect(find(cache, 'sixteen')).toEqual(ids.slice(0, 16));
  expect(find(cache, 'seventeen')).toEqual([]);
});

it('distinguishes pieces that differ in one byte or only in zero bytes at the end', () => {
  const cache = new PieceCache();
  const pieces = ['a', 'a\0', 'a\0\0', 'a\0\0\0', 'abcd', 'abcd\0', 'abcdefgh', 'abcdefgi', 'bbcdefgh', 'abcdefghi'];
  for (const [i, piece] of pieces.entries()) {
    expect(find(cache, piece)).toEqual([]);
    add(cache, piece, [i]);
  }
  for (const [i, piece] of pieces.entries()) expect(find(cache, piece)).toEqual([i]);
});

it('never gives one piece the ids of another when more come than it holds', () => {
  const cache = new PieceCache();
  const count = 150_000;
  for (let i = 0; i < count; i++) add(cache, `w${i.toString(36)}`, [i & 0xffff, i >> 16]);
  let known = 0;
  for (let i = 0; i < count; i++) {
    const ids = find(cache, `w${i.toString(36)}`);
    if (ids.length > 0) known++;
    if (ids.length > 0 && (ids[0] !== (i & 0xffff) || ids[1] !== i >> 16)) expect(ids).toEqual([i & 0xffff, i >> 16]);
  }
  expect(known).toBeGreaterThan(count / 5);
});
