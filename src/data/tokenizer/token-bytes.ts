/** @file The bytes of GPT-2's tokens, from gpt-tokenizer's ranks (`r50k_base`). Importing this file loads them (about 40 ms). */
import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { UserError } from '../../support/errors.ts';
import { END_OF_TEXT_STRING, VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';

const tokens = [...ranks, END_OF_TEXT_STRING];
/** Of UTF-8 for a code unit of a string. */
const MAX_BYTES_PER_UNIT = 3;

/** All tokens' bytes in order of the ids, and where each begins. */
const bytes = new Uint8Array(MAX_BYTES_PER_UNIT * tokens.reduce((sum, { length }) => sum + length, 0));
const starts = new Uint32Array(tokens.length + 1);

const encoder = new TextEncoder();

/** Writes a token's bytes from `start` on and returns where they end. Most are ASCII, which needs no encoder. */
function write(token: string | readonly number[], start: number): number {
  for (let index = 0; index < token.length; index++) {
    const code = typeof token === 'string' ? token.charCodeAt(index) : token[index]!;
    if (typeof token === 'string' && code >= 0x80)
      return start + encoder.encodeInto(token, bytes.subarray(start)).written;
    bytes[start + index] = code;
  }
  return start + token.length;
}

for (const [id, token] of tokens.entries()) starts[id + 1] = write(token, starts[id]!);

/**
 * The bytes a token stands for; those of `<|endoftext|>` spell its name.
 * @throws UserError when the id is not in the vocabulary.
 */
export function tokenBytes(id: number): Uint8Array {
  const start = starts[id];
  const end = starts[id + 1];
  if (start === undefined || end === undefined) {
    throw new UserError(
      `token ${id}: expected an id from 0 to ${VOCABULARY_SIZE - 1}; was it made by another tokenizer?`,
    );
  }
  return bytes.subarray(start, end);
}
