/** @file The bytes of GPT-2's tokens, from gpt-tokenizer's ranks (`r50k_base`). Importing this file loads them (about 40 ms). */
import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { UserError } from '../../support/errors.ts';
import { END_OF_TEXT_STRING, VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';

const encoder = new TextEncoder();
const tokens = [...ranks, END_OF_TEXT_STRING].map((token) =>
  typeof token === 'string' ? encoder.encode(token) : token,
);

/** All tokens' bytes in order of the ids, and where each begins. */
const bytes = new Uint8Array(tokens.reduce((sum, { length }) => sum + length, 0));
const starts = new Uint32Array(tokens.length + 1);

for (const [id, token] of tokens.entries()) {
  const start = starts[id]!;
  bytes.set(token, start);
  starts[id + 1] = start + token.length;
}

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
