/**
 * @file GPT-2's byte-pair encoding as its files spell it: the tokens in order of their ids, each byte written as one
 * printable character, and the merges in the order in which they are tried. gpt-tokenizer has the tokens' bytes in rank
 * order; rank order is merge order, and the two parts of each merge follow from the ranks below it.
 */

import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { END_OF_TEXT_STRING } from '../support/gpt2-vocabulary.ts';

/** Tokens of a single byte, which are not merged from anything. */
const BYTE_TOKENS = 256;

/**
 * The character that stands for each byte, by OpenAI's `bytes_to_unicode` (gpt-2/src/encoder.py): printable bytes stand
 * for themselves, the others for the characters from U+0100 on.
 */
function byteCharacters(): string[] {
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(isPrintable ? byte : 256 + others++);
  });
}

const utf8 = new TextEncoder();

/** A token's bytes, as a string of one character per byte. */
function bytesOf(token: string | readonly number[]): string {
  return String.fromCharCode(...(typeof token === 'string' ? utf8.encode(token) : token));
}

/**
 * The two tokens that are merged into `token`: byte-pair encoding with only the ranks below its own, which ends with two.
 * @param token as a string of one character per byte.
 */
function splitToken(token: string, rankOf: ReadonlyMap<string, number>): [string, string] {
  const rank = rankOf.get(token)!;
  const parts = [...token];
  while (parts.length > 2) {
    let best = 0;
    let bestRank = rank;
    for (let index = 0; index + 1 < parts.length; index++) {
      const pairRank = rankOf.get(parts[index]! + parts[index + 1]!) ?? rank;
      if (pairRank < bestRank) {
        best = index;
        bestRank = pairRank;
      }
    }
    if (bestRank === rank) throw new Error(`the ranks do not merge into token ${rank}`);
    parts.splice(best, 2, parts[best]! + parts[best + 1]!);
  }
  return [parts[0]!, parts[1]!];
}

export interface Gpt2Bpe {
  /** The 50257 tokens in order of their ids; the last is `<|endoftext|>`. */
  readonly tokens: readonly string[];
  /** The 50000 merges, each `left right`. */
  readonly merges: readonly string[];
}

/** The bytes of each token in order of their ids; the last is `<|endoftext|>`. */
export function gpt2TokenBytes(): Uint8Array[] {
  return [...ranks, END_OF_TEXT_STRING].map((token) =>
    typeof token === 'string' ? utf8.encode(token) : Uint8Array.from(token),
  );
}

let computed: Gpt2Bpe | undefined;

/** GPT-2's tokens and merges, computed on the first call. */
export function gpt2Bpe(): Gpt2Bpe {
  computed ??= computeBpe();
  return computed;
}

function computeBpe(): Gpt2Bpe {
  const characters = byteCharacters();
  const spell = (token: string) => Array.from(token, (byte) => characters[byte.charCodeAt(0)]).join('');
  const byRank = ranks.map(bytesOf);
  const rankOf = new Map(byRank.map((token, rank) => [token, rank]));
  const merges = byRank.slice(BYTE_TOKENS).map((token) => splitToken(token, rankOf).map(spell).join(' '));
  return { tokens: [...byRank.map(spell), END_OF_TEXT_STRING], merges };
}
