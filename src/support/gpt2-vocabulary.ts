/** @file The numbers of GPT-2's vocabulary that code without a tokenizer needs, `formats` as much as `data`. */

/** Number of token ids: 50,000 merges, 256 bytes and `<|endoftext|>`. */
export const VOCABULARY_SIZE = 50257;

/** The id of `<|endoftext|>`, written before each document. */
export const END_OF_TEXT = 50256;

/** How `<|endoftext|>` is spelled: in a prompt the id above, inside a document plain text. */
export const END_OF_TEXT_STRING = '<|endoftext|>';
