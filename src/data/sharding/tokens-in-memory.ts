/** @file A small corpus as tokens in memory, split as `buildDataset` splits it on disk. */

import { UserError } from '../../support/errors.ts';
import { END_OF_TEXT_STRING } from '../../support/gpt2-vocabulary.ts';
import { inMemory, type TokenShards } from '../batches/token-shards.ts';
import type { DocumentPart } from '../documents/documents.ts';
import { TokenList } from './token-list.ts';
import { validationShare } from './validation-share.ts';

/** The splits of a corpus. */
export interface TokenSplits {
  readonly train: TokenShards;
  readonly validation: TokenShards;
}

type Part = Pick<DocumentPart, 'text' | 'startsDocument'>;

/** Tokenises documents. @param name the corpus in errors */
export async function tokensInMemory(
  name: string,
  documents: Iterable<Part> | AsyncIterable<Part>,
): Promise<TokenSplits> {
  const list = new TokenList();
  for await (const { text, startsDocument } of documents) list.add(text, startsDocument);
  const tokens = list.take();
  // far less than a shard
  const ofValidation = validationShare(tokens.length, Number.POSITIVE_INFINITY);
  return {
    train: inMemory(`${name}, training`, tokens.subarray(ofValidation)),
    validation: inMemory(`${name}, validation`, tokens.subarray(0, ofValidation)),
  };
}

export interface TextTokensOptions {
  /** What stands between two documents; default `<|endoftext|>`. */
  readonly splitOn?: string;
}

/**
 * Tokenises a text: its documents, those of nothing but white space left out.
 * @throws UserError when `splitOn` is empty
 */
export async function textTokens(
  text: string,
  { splitOn = END_OF_TEXT_STRING }: TextTokensOptions = {},
): Promise<TokenSplits> {
  if (splitOn === '') throw new UserError('expected a text to split documents on, found an empty one');
  const documents = text.split(splitOn).filter((document) => document.trim() !== '');
  return tokensInMemory(
    'text',
    documents.map((document) => ({ text: document, startsDocument: true })),
  );
}
