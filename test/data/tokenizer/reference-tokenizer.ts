/**
 * @file GPT-2's tokenizer as OpenAI's `encoder.py` states it: the regular expression, then for each piece the merge of lowest
 * rank over and over. Slow, and on a newer Unicode than 16 it may differ for characters that were assigned since.
 */
import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';

/** Tokens by their bytes, as strings of one character a byte. */
const rankOf = new Map(
  ranks.map((token, rank) => [
    (typeof token === 'string' ? Buffer.from(token) : Buffer.from(token)).toString('latin1'),
    rank,
  ]),
);

/** `\s` is Unicode's White_Space, as in tiktoken; JavaScript's own counts U+FEFF and leaves out U+0085. */
const SPACE = String.raw`\p{White_Space}`;
export const pattern = new RegExp(
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^${SPACE}\p{L}\p{N}]+|${SPACE}+(?!\P{White_Space})|${SPACE}+`,
  'gu',
);

/** With U+FFFD for surrogates without their other half, as UTF-8 has them. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

/** The ids of one piece, given as UTF-8. */
export function mergeByDefinition(piece: Uint8Array): number[] {
  const parts = [...Buffer.from(piece).toString('latin1')];
  for (;;) {
    const pairRanks = parts.slice(1).map((right, i) => rankOf.get(parts[i]! + right) ?? Number.POSITIVE_INFINITY);
    const lowest = Math.min(...pairRanks);
    if (!Number.isFinite(lowest)) return parts.map((part) => rankOf.get(part)!);
    const at = pairRanks.indexOf(lowest);
    parts.splice(at, 2, parts[at]! + parts[at + 1]!);
  }
}

export function encodeByDefinition(text: string): number[] {
  return (wellFormed(text).match(pattern) ?? []).flatMap((piece) => mergeByDefinition(Buffer.from(piece)));
}
