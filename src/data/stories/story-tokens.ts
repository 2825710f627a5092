/** @file The built-in corpus as tokens in memory, split as `buildDataset` splits it on disk. */

import { inMemory, type TokenShards } from '../batches/token-shards.ts';
import { TokenList } from '../sharding/token-list.ts';
import { validationShare } from '../sharding/validation-share.ts';
import { type StoryOptions, storyDocuments } from './stories.ts';

/** The splits of a corpus of stories. */
export interface StoryTokens {
  readonly train: TokenShards;
  readonly validation: TokenShards;
}

/** Writes stories and tokenises them. */
export async function storyTokens(options: StoryOptions): Promise<StoryTokens> {
  const list = new TokenList();
  for await (const { text, startsDocument } of storyDocuments(options)) list.add(text, startsDocument);
  const tokens = list.take();
  // far less than a shard
  const ofValidation = validationShare(tokens.length, Number.POSITIVE_INFINITY);
  return {
    train: inMemory('stories, training', tokens.subarray(ofValidation)),
    validation: inMemory('stories, validation', tokens.subarray(0, ofValidation)),
  };
}
