/**
 * @file GPT-2's byte-pair merges: a piece of UTF-8 to ids. A piece starts as single bytes; of all neighbouring pairs that
 * make a token the one of lowest rank is merged, the leftmost first, until none is left (openai/gpt-2 `encoder.py`, `bpe`).
 */

import { END_OF_TEXT } from '../../support/gpt2-vocabulary.ts';
import { mergeLong } from './long-merges.ts';
import { NO_RANK, PairRanks } from './pair-ranks.ts';
import { tokenBytes } from './token-bytes.ts';

/** Tokens of a single byte, which are not merged from anything; they come first. */
const BYTE_TOKENS = 256;

/** Longest piece, in bytes, that is merged by scanning all its pairs at every merge. */
const MAX_SCANNED_BYTES = 128;

const tokenOfByte = new Uint8Array(256);
for (let id = 0; id < BYTE_TOKENS; id++) tokenOfByte[tokenBytes(id)[0]!] = id;

const scanned = new Uint16Array(MAX_SCANNED_BYTES);
/** The rank of each token of `scanned` with the next one. */
const ranks = new Uint16Array(MAX_SCANNED_BYTES);

const pairs = new PairRanks();
const parts = new Uint16Array(2);
// a token's two parts are what the merges of lower rank leave of its bytes
for (let id = BYTE_TOKENS; id < END_OF_TEXT; id++) {
  const bytes = tokenBytes(id);
  mergePiece(bytes, 0, bytes.length, parts, 0);
  pairs.add(parts[0]!, parts[1]!, id);
}

/** Writes the ids of the piece bytes[start, end), at most one a byte, to `target` at `position`; returns their count. */
export function mergePiece(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint16Array,
  position: number,
): number {
  const length = end - start;
  const tokens = length <= MAX_SCANNED_BYTES ? scanned : new Uint16Array(length);
  for (let i = 0; i < length; i++) tokens[i] = tokenOfByte[bytes[start + i]!]!;
  const count = length <= MAX_SCANNED_BYTES ? mergeShort(tokens, length) : mergeLong(tokens, length, pairs);
  for (let i = 0; i < count; i++) target[position + i] = tokens[i]!;
  return count;
}

/** As `mergeLong`, in time n² but faster for a word. */
function mergeShort(tokens: Uint16Array, count: number): number {
  let left = count;
  for (let i = 0; i + 1 < left; i++) ranks[i] = pairs.rankOf(tokens[i]!, tokens[i + 1]!);
  while (left > 1) {
    let rank = NO_RANK;
    let position = 0;
    for (let i = 0; i + 1 < left; i++) {
      if (ranks[i]! < rank) {
        rank = ranks[i]!;
        position = i;
      }
    }
    if (rank === NO_RANK) break;
    left--;
    tokens[position] = rank;
    for (let i = position + 1; i < left; i++) {
      tokens[i] = tokens[i + 1]!;
      ranks[i] = ranks[i + 1]!;
    }
    if (position + 1 < left) ranks[position] = pairs.rankOf(rank, tokens[position + 1]!);
    if (position > 0) ranks[position - 1] = pairs.rankOf(tokens[position - 1]!, rank);
  }
  return left;
}
