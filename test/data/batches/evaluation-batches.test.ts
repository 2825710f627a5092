import { describe, expect, it } from 'vitest';
import { evaluationBatches } from '#minillm/data/batches/evaluation-batches.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { countingShards } from '../shard-files.ts';

const base = { batchSize: 4, sequenceLength: 8, maxTokens: 1e9, rank: 0, worldSize: 1, vocabularySize: 50257 };

describe('evaluationBatches', () => {
  it('covers the same tokens, each once and in order, for any batch size and world', async () => {
    const shards = await countingShards(temporaryFolder(), [8 * 7 + 3, 8 * 4 + 1, 5]);
    const expected = [...Array(56).keys(), ...Array.from({ length: 32 }, (_, i) => 59 + i)];
    for (const batchSize of [1, 2, 3, 16]) {
      for (const worldSize of [1, 2, 4]) {
        const scored: number[] = [];
        const batchCounts = new Set<number>();
        for (let rank = 0; rank < worldSize; rank++) {
          const batches = evaluationBatches(shards, { ...base, batchSize, worldSize, rank });
          expect(batches.tokenCount).toBe(88);
          const all = [...batches];
          expect(all.length).toBe(batches.batchCount);
          batchCounts.add(all.length);
          for (const { tokens, targets } of all) {
            expect(targets.length).toBe(batchSize * 8);
            targets.forEach((target, i) => {
              if (target === -1) return;
              expect(target).toBe(tokens[i]! + 1);
              scored.push(tokens[i]!);
            });
          }
        }
        expect(scored.sort((a, b) => a - b)).toEqual(expected);
        // every rank makes as many steps: they meet after each
        expect(batchCounts.size).toBe(1);
      }
    }
  });

  it('uses whole windows up to the limit', async () => {
    const shards = await countingShards(temporaryFolder(), [8 * 7 + 1]);
    const tokensUnder = (maxTokens: number) => evaluationBatches(shards, { ...base, maxTokens }).tokenCount;
    expect([8, 15, 16, 55, 56, 1000].map(tokensUnder)).toEqual([8, 8, 16, 48, 56, 56]);
  });

  it('may be iterated again', async () => {
    const batches = evaluationBatches(await countingShards(temporaryFolder(), [100]), base);
    expect([...batches]).toEqual([...batches]);
  });

  it('says what is needed when the data or the limit is shorter than a window', async () => {
    const shards = await countingShards(temporaryFolder(), [8]);
    expect(() => evaluationBatches(shards, base)).toThrow('expected a shard of at least 9 tokens, found 8 in 1 shards');
    const enough = await countingShards(temporaryFolder(), [9]);
    expect(() => evaluationBatches(enough, { ...base, maxTokens: 7 })).toThrow('a limit of at least 8 tokens, found 7');
  });
});
