import { describe, expect, test } from 'vitest';
import { layoutParameters } from '#minillm/engine/layout.js';
import { ownedRuns, shardOf, stateElements } from '#minillm/engine/shard.js';
import { PRESETS } from '#minillm/model/presets.js';
import { SEVERAL_BUCKETS, SMALL, traceTraining, UPDATE } from './training.ts';

const MOMENTS = 'optimizer:secondMoments';

const MODELS = { small: SMALL, 'several buckets': SEVERAL_BUCKETS, 'gpt2-124m': PRESETS['gpt2-124m'] };

describe.each(Object.entries(MODELS))('%s', (_name, config) => {
  const graph = traceTraining(config, { batch: 1, length: 8 }, 'fp32');
  const layout = layoutParameters(graph, UPDATE.optimizer.groupOf);

  describe.each([1, 2, 3, 4, 64, 100])('%d ranks', (size) => {
    const layout = layoutParameters(graph, UPDATE.optimizer.groupOf, { rank: 0, size });
    const shards = Array.from({ length: size }, (_, rank) => shardOf(layout, rank));

    test('share every bucket in equal slices, in the order of their ranks, without gap or overlap', () => {
      layout.buckets.forEach(({ offset, count, group }, bucket) => {
        let end = offset;
        for (const shard of shards) {
          expect(shard[bucket]).toMatchObject({ offset: end, count: count / size, group });
          end += count / size;
        }
        expect(end).toBe(offset + count);
      });
      for (const shard of shards) expect(shard).toHaveLength(layout.buckets.length);
    });

    test('keep the state of their slices alone, one after the other', () => {
      for (const shard of shards) {
        let end = 0;
        for (const { stateOffsets, count } of shard) {
          expect(stateOffsets.get(MOMENTS)).toBe(end);
          end += count;
        }
        expect(end).toBe(layout.count / size);
        expect(stateElements(layout, MOMENTS)).toBe(end);
      }
    });
  });

  test('every element has one owner, whose run of them is where its stretch has it', () => {
    const sharded = layoutParameters(graph, UPDATE.optimizer.groupOf, { rank: 1, size: 3 });
    for (const { offset, count } of [...sharded.places.values()].slice(0, 6)) {
      const range = { offset: offset + 1, count: count - 1 };
      const owned = [0, 1, 2].flatMap((rank) =>
        ownedRuns(sharded, MOMENTS, range, rank).map((run) => ({ ...run, rank })),
      );
      owned.sort((a, b) => a.start - b.start);
      let end = 0;
      for (const { start, count: length, stateOffset, rank } of owned) {
        expect(start).toBe(end);
        const element = shardOf(sharded, rank).flatMap((each) => {
          const within = stateOffset - (each.stateOffsets.get(MOMENTS) ?? Number.NaN);
          return within >= 0 && within < each.count ? [each.offset + within] : [];
        });
        expect(element).toEqual([range.offset + start]);
        end += length;
      }
      expect(end).toBe(range.count);
    }
  });

  test('a process alone keeps everything where it lies', () => {
    for (const [index, { offset, count, stateOffsets }] of shardOf(layout).entries()) {
      expect({ offset, count }).toMatchObject({
        offset: layout.buckets[index]?.offset,
        count: layout.buckets[index]?.count,
      });
      expect(stateOffsets.get(MOMENTS)).toBe(offset);
    }
  });

  test('ranks that cannot have equal slices are refused', () => {
    expect(() =>
      shardOf({
        ...layout,
        buckets: [{ offset: 0, count: 1024, group: { name: '', state: [] } }],
        shard: { rank: 0, size: 3 },
      }),
    ).toThrow('a bucket of 1024 elements cannot be shared by 3 ranks');
  });
});
