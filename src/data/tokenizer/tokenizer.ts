/**
 * @file GPT-2's tokenizer: text to ids of byte-pair encoding and back. The text is scanned as UTF-8 for the pieces of the
 * pre-tokenizer; a cache knows the ids of most of them, the others are merged. Importing this file loads the ranks and
 * derives the merges (about 100 ms); for the constants alone import `support/gpt2-vocabulary.ts`.
 */

import { END_OF_TEXT, END_OF_TEXT_STRING, VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';
import { mergePiece } from './merges.ts';
import { PieceCache } from './piece-cache.ts';
import { pieceEnd } from './pretokenizer.ts';
import { tokenBytes } from './token-bytes.ts';

export { END_OF_TEXT, VOCABULARY_SIZE };

const cache = new PieceCache();

const encoder = new TextEncoder();

/** A text's UTF-8, then zeros: scanning and the cache look a few bytes past the end. */
let utf8 = new Uint8Array(1 << 16);
let words = new DataView(utf8.buffer);
const PADDING = 4;
/** Of UTF-8 for a code unit of a string. */
const MAX_BYTES_PER_UNIT = 3;

/** Where ids are gathered. A token is at least one byte. */
let gathered = new Uint16Array(utf8.length);

function reserve(text: string): void {
  const needed = MAX_BYTES_PER_UNIT * text.length + PADDING;
  if (needed <= utf8.length) return;
  utf8 = new Uint8Array(needed);
  words = new DataView(utf8.buffer);
  gathered = new Uint16Array(utf8.length);
}

/**
 * GPT-2's ids of a text. `<|endoftext|>` in it is plain text, as every other text is; a surrogate without its other half
 * counts as U+FFFD, as in tiktoken.
 */
export function encode(text: string): Uint16Array {
  reserve(text);
  const length = encoder.encodeInto(text, utf8).written;
  utf8.fill(0, length, length + PADDING);
  let count = 0;
  for (let start = 0; start < length; ) {
    const end = pieceEnd(utf8, start, length);
    let ids = cache.copyIds(words, start, end, gathered, count);
    if (ids === 0) {
      ids = mergePiece(utf8, start, end, gathered, count);
      cache.add(words, start, end, gathered, count, ids);
    }
    count += ids;
    start = end;
  }
  return gathered.slice(0, count);
}

/**
 * GPT-2's ids of a prompt: each `<|endoftext|>` is the token of that name, and the text between two is encoded by itself, as
 * transformers and vLLM do. For documents, which may hold anything, see `encode`.
 */
export function encodePrompt(prompt: string): Uint16Array {
  const [first = '', ...others] = prompt.split(END_OF_TEXT_STRING);
  return Uint16Array.from([...encode(first), ...others.flatMap((text) => [END_OF_TEXT, ...encode(text)])]);
}

/** How many bytes of text a token stands for: `<|endoftext|>` for none. */
export function byteLengthOf(id: number): number {
  return id === END_OF_TEXT ? 0 : tokenBytes(id).length;
}

/** The text of some ids; bytes that are no UTF-8 become U+FFFD. */
export function decode(ids: Iterable<number>): string {
  const pieces = Array.from(ids, tokenBytes);
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const piece of pieces) {
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Decodes ids one at a time; what `push` and `end` return, joined, is what `decode` gives for all of them. */
export interface StreamDecoder {
  /** The text that is complete once this id is added: '' while a character's bytes are still missing. */
  push(id: number): string;
  /** What is left at the end: U+FFFD for a character that was never completed, else ''. */
  end(): string;
}

export function streamDecoder(): StreamDecoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (id) => decoder.decode(tokenBytes(id), { stream: true }),
    end: () => decoder.decode(),
  };
}
