/**
 * @file GPT-2's pre-tokenizer: where a text is cut into pieces that byte-pair merges never cross. It is the pattern
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * of openai/gpt-2 `encoder.py` as a scan over UTF-8 and a table of character kinds.
 */
import { characterKinds, SPACE } from './character-kinds.ts';

const APOSTROPHE = 0x27;
const BLANK = 0x20;
const [D, E, L, M, R, S, T, V] = [0x64, 0x65, 0x6c, 0x6d, 0x72, 0x73, 0x74, 0x76];

/** The code point that begins with bytes[index], a byte of 0x80 or more. */
function codePointAt(bytes: Uint8Array, index: number): number {
  const first = bytes[index]!;
  const second = bytes[index + 1]! & 0x3f;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = bytes[index + 2]! & 0x3f;
  if (first < 0xf0) return ((first & 0x0f) << 12) | (second << 6) | third;
  return ((first & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[index + 3]! & 0x3f);
}

function kindAt(bytes: Uint8Array, index: number): number {
  const first = bytes[index]!;
  return characterKinds[first < 0x80 ? first : codePointAt(bytes, index)]!;
}

/** Length of the contraction ('s 't 'm 'd 're 've 'll) at an apostrophe, or 0. */
function contractionLength(bytes: Uint8Array, index: number): number {
  const next = bytes[index + 1];
  if (next === S || next === T || next === M || next === D) return 2;
  const afterNext = bytes[index + 2];
  if (afterNext === E && (next === R || next === V)) return 3;
  return afterNext === L && next === L ? 3 : 0;
}

/**
 * The end (exclusive) of the piece that starts at `start`.
 * @param bytes valid UTF-8 up to `length`, of which `start` begins a character, and at least two zero bytes after it.
 */
export function pieceEnd(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start];
  if (first === APOSTROPHE) {
    const contraction = contractionLength(bytes, start);
    if (contraction > 0) return start + contraction;
  }
  let kind = kindAt(bytes, start);
  let end = start;
  if (first === BLANK && start + 1 < length) {
    const kindAfterBlank = kindAt(bytes, start + 1);
    if (kindAfterBlank !== SPACE) {
      kind = kindAfterBlank;
      end = start + 1;
    }
  }
  while (end < length) {
    const byte = bytes[end]!;
    if (byte < 0x80) {
      if (characterKinds[byte] !== kind) break;
      end++;
    } else {
      if (characterKinds[codePointAt(bytes, end)] !== kind) break;
      end += byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    }
  }
  return kind === SPACE && end < length ? withoutLastSpace(bytes, start, end) : end;
}

/** `\s+(?!\S)`: the last white space before a word belongs to the word's piece, unless it is all there is. */
function withoutLastSpace(bytes: Uint8Array, start: number, end: number): number {
  let last = end - 1;
  while ((bytes[last]! & 0xc0) === 0x80) last--;
  return last > start ? last : end;
}

/**
 * The last place in text[0, limit) where cutting the text in two leaves every piece as it was: before white space that
 * follows something else. 0 where there is none.
 */
export function lastSafeCut(text: string, limit: number): number {
  for (let index = Math.min(limit, text.length) - 1; index > 0; index--) {
    const isSpace = characterKinds[text.charCodeAt(index)] === SPACE;
    if (isSpace && characterKinds[text.charCodeAt(index - 1)] !== SPACE) return index;
  }
  return 0;
}
