import { describe, expect, it } from 'vitest';
import { BatchLoader, type BatchLoaderOptions } from '#minillm/data/batches/batch-loader.js';
import type { ShardSet } from '#minillm/data/shards/dataset.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { countingShards } from '../shard-files.ts';

const T = 8;
const base: BatchLoaderOptions = {
  batchSize: 2,
  sequenceLength: T,
  microSteps: 4,
  rank: 0,
  worldSize: 1,
  seed: 1337,
  shuffle: true,
  vocabularySize: 50257,
};

/** The first token of each row, which says which window it is. */
const rowStarts = (batch: { tokens: Int32Array }) => [...batch.tokens].filter((_, i) => i % T === 0);

/** The rows of one step over all micro-steps and ranks, in the order of items. */
function globalBatch(shards: ShardSet, step: number, changes: Partial<BatchLoaderOptions>): number[] {
  const options = { ...base, ...changes };
  const rows: number[] = [];
  for (let microStep = 0; microStep < options.microSteps; microStep++) {
    for (let rank = 0; rank < options.worldSize; rank++) {
      rows.push(...rowStarts(new BatchLoader(shards, { ...options, rank }).batch(step, microStep)));
    }
  }
  return rows;
}

describe('BatchLoader', () => {
  it('cuts each shard into windows that start every T tokens and never cross its end', async () => {
    // windows: ⌊(33−1)/8⌋ = 4, ⌊(32−1)/8⌋ = 3, none in 8 tokens, ⌊(9−1)/8⌋ = 1
    const shards = await countingShards(temporaryFolder(), [33, 32, 8, 9]);
    const loader = new BatchLoader(shards, { ...base, shuffle: false, batchSize: 8, microSteps: 1 });
    expect(loader.windowsPerEpoch).toBe(8);
    const { tokens, targets } = loader.batch(0, 0);
    expect(rowStarts({ tokens })).toEqual([0, 8, 16, 24, 33, 41, 49, 73]);
    expect([...targets]).toEqual([...tokens].map((token) => token + 1));
  });

  it.each([true, false])('shows each window exactly once an epoch (shuffle %s)', async (shuffle) => {
    const shards = await countingShards(temporaryFolder(), [8 * 13 + 1, 8 * 24 + 5, 8 * 3 + 1]);
    const loader = new BatchLoader(shards, { ...base, shuffle, microSteps: 1 });
    expect(loader.windowsPerEpoch).toBe(40);
    const orders = [0, 1, 2].map((epoch) =>
      Array.from({ length: 20 }, (_, i) => rowStarts(loader.batch(epoch * 20 + i, 0))).flat(),
    );
    for (const order of orders) expect(new Set(order).size).toBe(40);
    expect(orders[0]!.join() === orders[1]!.join()).toBe(!shuffle);
    expect(orders[1]!.join() === orders[2]!.join()).toBe(!shuffle);
  });

  it('wraps from epoch to epoch inside a step, even when a step is longer than an epoch', async () => {
    const shards = await countingShards(temporaryFolder(), [8 * 3 + 1]);
    const rows = [0, 1, 2].flatMap((step) => globalBatch(shards, step, {}));
    for (let epoch = 0; epoch < 8; epoch++) {
      expect(rows.slice(3 * epoch, 3 * epoch + 3).sort((a, b) => a - b)).toEqual([0, 8, 16]);
    }
  });

  it('gives the same global batch, in the same order, to 1, 2 and 4 ranks', async () => {
    const shards = await countingShards(temporaryFolder(), [8 * 13 + 1, 8 * 24 + 5]);
    for (const step of [0, 3, 4, 5, 100]) {
      const alone = globalBatch(shards, step, { worldSize: 1, microSteps: 8 });
      expect(alone.length).toBe(16);
      expect(globalBatch(shards, step, { worldSize: 2, microSteps: 4 })).toEqual(alone);
      expect(globalBatch(shards, step, { worldSize: 4, microSteps: 2 })).toEqual(alone);
      expect(globalBatch(shards, step, { worldSize: 2, microSteps: 2, batchSize: 4 })).toEqual(alone);
    }
  });

  it('is a pure function: any order of calls, any loader, the same batch', async () => {
    const shards = await countingShards(temporaryFolder(), [8 * 50 + 1]);
    const loader = new BatchLoader(shards, base);
    const first = loader.batch(7, 2);
    loader.batch(0, 0);
    expect(loader.batch(7, 2)).toEqual(first);
    expect(new BatchLoader(shards, base).batch(7, 2)).toEqual(first);
    expect(new BatchLoader(shards, { ...base, seed: 1 }).batch(7, 2)).not.toEqual(first);
  });

  it('names file and offset of a token outside the vocabulary', async () => {
    const shards = await countingShards(temporaryFolder(), [20, 20]);
    const loader = new BatchLoader(shards, { ...base, shuffle: false, vocabularySize: 30 });
    expect(() => loader.batch(0, 1)).toThrow('shard train_1.bin: token 30 at offset 10 is not in a vocabulary of 30');
  });

  it('says how many tokens are needed when no shard holds a window', async () => {
    const shards = await countingShards(temporaryFolder(), [8, 7]);
    expect(() => new BatchLoader(shards, base)).toThrow('expected a shard of at least 9 tokens, found at most 8');
  });
});
