/** @file The built-in corpus as tokens in memory. */

import { type TokenSplits, tokensInMemory } from '../sharding/tokens-in-memory.ts';
import { type StoryOptions, storyDocuments } from './stories.ts';

/** Writes stories and tokenises them. */
export function storyTokens(options: StoryOptions): Promise<TokenSplits> {
  return tokensInMemory('stories', storyDocuments(options));
}
