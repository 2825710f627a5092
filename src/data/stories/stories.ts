/** @file The built-in corpus: short children's stories, synthetic, no two the same, to try training on without a download. */
import { philox, Random } from '../../support/random.ts';
import type { DocumentPart } from '../documents/documents.ts';
import type { Corpus } from '../sharding/corpus.ts';
import { documentCorpus } from '../sharding/document-units.ts';
import { writeStory } from './story-writer.ts';

/** About 1.4 million tokens. */
export const DEFAULT_STORIES = 14_000;

/** The stories that are made unless others are asked for. */
export const DEFAULT_STORY_SEED = 1;

/** Well below what one `Set` can hold. */
export const MAX_STORIES = 10_000_000;

export interface StoryOptions {
  /** How many stories, up to `MAX_STORIES`. */
  readonly count: number;
  readonly seed: number;
}

/** A corpus of stories for `buildDataset`. */
export function storyCorpus({ count, seed }: StoryOptions): Corpus {
  const source = `synthetic stories of minillm (seed ${seed})`;
  return documentCorpus({ source, documents: storyDocuments({ count, seed }), settings: { stories: count, seed } });
}

/** Stories as documents. The first n of a seed are the same whatever the count. */
export async function* storyDocuments({ count, seed }: StoryOptions): AsyncGenerator<DocumentPart> {
  const random = new Random(seed, 'stories');
  const choose = (options: number): number => Math.floor(random.uniform() * options);
  const seen = new Set<number>();
  while (seen.size < count) {
    const text = writeStory(choose);
    const print = fingerprint(text);
    if (seen.has(print)) continue;
    seen.add(print);
    yield { text, startsDocument: true, bytes: utf8.encode(text).length };
  }
}

const utf8 = new TextEncoder();

/** Characters that one call of Philox mixes in: two to each of its four words. */
const MIXED = 8;

/** 53 bits that differ between texts, but for one pair of texts in 2^53: the characters, chained through Philox. */
function fingerprint(text: string): number {
  const block = new Int32Array(4);
  for (let start = 0; start < text.length; start += MIXED) {
    const word = (at: number): number =>
      block[at]! ^ (text.charCodeAt(start + 2 * at) | (text.charCodeAt(start + 2 * at + 1) << 16));
    philox(block, word(0), word(1), word(2), word(3), text.length, start);
  }
  return (block[0]! >>> 0) * 2 ** 21 + (block[1]! >>> 11);
}
