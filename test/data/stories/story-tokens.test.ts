import { expect, test } from 'vitest';
import { BatchLoader } from '#minillm/data/batches/batch-loader.js';
import type { TokenShards } from '#minillm/data/batches/token-shards.js';
import { buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { storyCorpus } from '#minillm/data/stories/stories.js';
import { storyTokens } from '#minillm/data/stories/story-tokens.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const STORIES = { count: 300, seed: 1 };

function allTokens({ shards }: TokenShards): number[] {
  return shards.flatMap((shard) => {
    const tokens = new Uint16Array(shard.tokenCount);
    shard.readInto(tokens, 0);
    return [...tokens];
  });
}

test('stories in memory are the tokens, splits and batches of those on disk', async () => {
  const folder = temporaryFolder();
  await buildDataset({ folder, corpus: storyCorpus(STORIES), workers: 1, overwrite: true });
  const onDisk = await openDataset(folder);
  try {
    const inMemory = await storyTokens(STORIES);
    for (const split of ['train', 'validation'] as const)
      expect(allTokens(inMemory[split])).toEqual(allTokens(onDisk[split]));
    const options = { batchSize: 2, sequenceLength: 64, microSteps: 1, rank: 0, worldSize: 1, seed: 3 };
    const all = { ...options, shuffle: true, vocabularySize: 50257 };
    const [expected, found] = [onDisk.train, inMemory.train].map((shards) => new BatchLoader(shards, all).batch(5, 0));
    expect(found).toEqual(expected);
  } finally {
    onDisk.close();
  }
});
