/**
 * @file `gpt2_tokenizer.bin`, by which llm.c turns tokens into text (`write_tokenizer` in train_gpt2.py): a header of 256 int32,
 * then each token as a byte of length and its bytes.
 */

import { END_OF_TEXT } from '../../support/gpt2-vocabulary.ts';
import { gpt2TokenBytes } from '../gpt2-bpe.ts';
import { bytesOf } from '../parameter-slices.ts';

export const LLMC_TOKENIZER = 'gpt2_tokenizer.bin';

const MAGIC = 20240328;
const VERSION = 2;

export function llmcTokenizer(): Uint8Array {
  const tokens = gpt2TokenBytes();
  const header = new Int32Array(256);
  header.set([MAGIC, VERSION, tokens.length, END_OF_TEXT]);
  return Buffer.concat([bytesOf(header), ...tokens.flatMap((token) => [Uint8Array.of(token.length), token])]);
}
