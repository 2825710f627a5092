/**
 * @file GPT-2's tokenizer: text to ids of byte-pair encoding and back. The merges are gpt-tokenizer's (`r50k_base`); in
 * front of them stand our pre-tokenizer and a cache of pieces already merged. Importing this file loads the ranks
 * (about 50 ms); for the constants alone import `vocabulary.ts`.
 */
import { BytePairEncodingCore } from 'gpt-tokenizer/BytePairEncodingCore';
import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { UserError } from '../support/errors.ts';
import { LONGEST_CACHED_PIECE, PieceCache } from './piece-cache.ts';
import { pieceEnd } from './pretokenizer.ts';
import { END_OF_TEXT, END_OF_TEXT_STRING, VOCABULARY_SIZE } from './vocabulary.ts';

export { END_OF_TEXT, VOCABULARY_SIZE };

const merges = new BytePairEncodingCore({
  bytePairRankDecoder: ranks,
  tokenSplitRegex: /.+/gsu,
  mergeCacheSize: 0,
});

const cache = new PieceCache();

/** A UTF-16 unit is at most three bytes of UTF-8, and a token at least one. */
const MOST_CACHED_IDS = 3 * LONGEST_CACHED_PIECE;

/** Where ids are gathered; at least `MOST_CACHED_IDS` places of it are free before a piece is looked up. */
let scratch = new Uint16Array(1 << 16);

function reserve(needed: number): void {
  if (needed <= scratch.length) return;
  const larger = new Uint16Array(Math.max(needed, 2 * scratch.length));
  larger.set(scratch);
  scratch = larger;
}

/** GPT-2's ids of a text. `<|endoftext|>` in it is plain text, as every other text is. */
export function encode(text: string): Uint16Array {
  let count = 0;
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start);
    reserve(count + MOST_CACHED_IDS);
    const known = end - start <= LONGEST_CACHED_PIECE ? cache.copyIds(text, start, end, scratch, count) : 0;
    if (known > 0) {
      count += known;
    } else {
      const ids = mergePiece(text.slice(start, end));
      reserve(count + ids.length);
      scratch.set(ids, count);
      count += ids.length;
    }
    start = end;
  }
  return scratch.slice(0, count);
}

function mergePiece(piece: string): number[] {
  const ids = merges.encodeNative(piece);
  if (piece.length <= LONGEST_CACHED_PIECE) cache.add(piece, ids);
  return ids;
}

let bytesOfTokens: Buffer[] | undefined;

/**
 * The bytes a token stands for; those of `<|endoftext|>` spell its name.
 * @throws UserError when the id is not in the vocabulary.
 */
function tokenBytes(id: number): Buffer {
  bytesOfTokens ??= [...ranks, END_OF_TEXT_STRING].map((token) =>
    typeof token === 'string' ? Buffer.from(token, 'utf8') : Buffer.from(token),
  );
  const bytes = bytesOfTokens[id];
  if (bytes === undefined) {
    throw new UserError(
      `token ${id}: expected an id from 0 to ${VOCABULARY_SIZE - 1}; was it made by another tokenizer?`,
    );
  }
  return bytes;
}

/** How many bytes of text a token stands for: `<|endoftext|>` for none. */
export function byteLengthOf(id: number): number {
  return id === END_OF_TEXT ? 0 : tokenBytes(id).length;
}

/** The text of some ids; bytes that are no UTF-8 become U+FFFD. */
export function decode(ids: Iterable<number>): string {
  return Buffer.concat(Array.from(ids, tokenBytes)).toString('utf8');
}

/** Decodes ids one at a time; what `push` and `end` return, joined, is what `decode` gives for all of them. */
export interface StreamDecoder {
  /** The text that is complete once this id is added: '' while a character's bytes are still missing. */
  push(id: number): string;
  /** What is left at the end: U+FFFD for a character that was never completed, else ''. */
  end(): string;
}

export function streamDecoder(): StreamDecoder {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (id) => utf8.decode(tokenBytes(id), { stream: true }),
    end: () => utf8.decode(),
  };
}
