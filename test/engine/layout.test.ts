import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { stateElements } from '#minillm/engine/shard.js';
import { elements } from '#minillm/engine/tensor.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { PRESETS } from '#minillm/model/presets.js';
import { muonOptimizer } from '#minillm/train/optimizers/muon.js';
import { SEVERAL_BUCKETS, SMALL, traceTraining, UPDATE } from './training.ts';

const { groupOf } = UPDATE.optimizer;

/** The last node that adds to a parameter's gradient. */
function lastWriter(graph: Graph, name: string): number {
  return graph.nodes.findLastIndex(({ updates }) =>
    updates.some((tensor) => tensor?.storage.kind === 'gradient' && tensor.storage.name === name),
  );
}

const MODELS = { small: SMALL, 'several buckets': SEVERAL_BUCKETS, 'gpt2-124m': PRESETS['gpt2-124m'] };

describe.each(Object.entries(MODELS))('%s', (_name, config) => {
  const graph = traceTraining(config, { batch: 1, length: 8 }, 'fp32');
  const layout = layoutParameters(graph, groupOf);
  const places = [...layout.places.values()].sort((a, b) => a.offset - b.offset);
  const bucketOf = (offset: number) =>
    layout.buckets.findIndex((bucket) => offset >= bucket.offset && offset < bucket.offset + bucket.count);

  test('every parameter has one place of its shape', () => {
    const expected = gpt2Parameters(config).map(({ name, shape }) => ({ name, shape, count: elements(shape) }));
    const found = places.map(({ name, shape, count }) => ({ name, shape, count }));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(found.sort(byName)).toEqual(expected.sort(byName));
  });

  test('places do not overlap, start on cache lines, and lie within one bucket unless they fill several', () => {
    places.forEach(({ name, offset, count }, index) => {
      expect(offset % 16, name).toBe(0);
      expect(offset + count, name).toBeLessThanOrEqual(places[index + 1]?.offset ?? layout.count);
      const [first, last] = [bucketOf(offset), bucketOf(offset + count - 1)];
      if (first !== last) expect([layout.buckets[first]?.offset, count > 2 * 2 ** 22], name).toEqual([offset, true]);
    });
  });

  test('buckets follow each other without gaps, padded for up to 64 ranks; statistics come after them', () => {
    let end = 0;
    for (const { offset, count } of layout.buckets) {
      expect(offset).toBe(end);
      expect(count % 1024).toBe(0);
      end += count;
    }
    expect(layout.count).toBe(end);
    for (const offset of layout.statistics.values()) expect(offset).toBeGreaterThanOrEqual(end);
    expect(layout.gradientCount).toBeGreaterThanOrEqual(end + layout.statistics.size);
    expect(layout.gradientCount % 1024).toBe(0);
  });

  test('a bucket holds tensors of one group alone', () => {
    for (const { name, shape, offset } of places)
      expect(layout.buckets[bucketOf(offset)]?.group, name).toBe(groupOf({ name, shape }));
    expect(new Set(layout.buckets.map(({ group }) => group.name)).size).toBe(2);
  });

  test('buckets stand in the order in which the backward pass completes them, the token table last', () => {
    const completed = layout.buckets.map((bucket) =>
      Math.max(
        ...places
          .filter(({ offset, count }) => offset < bucket.offset + bucket.count && bucket.offset < offset + count)
          .map(({ name }) => lastWriter(graph, name)),
      ),
    );
    expect(completed).toEqual([...completed].sort((a, b) => a - b));
    expect(places.at(-1)?.name).toBe('transformer.wte.weight');
  });
});

test('gradients of 124M parameters come in buckets of 16 MB or little more; the token table has some of its own', () => {
  const layout = layoutParameters(traceTraining(PRESETS['gpt2-124m'], { batch: 1, length: 8 }, 'fp32'), groupOf);
  const table = layout.places.get('transformer.wte.weight');
  expect(layout.buckets.filter(({ offset }) => offset >= (table?.offset ?? 0))).toHaveLength(9);
  expect(layout.buckets.map(({ offset }) => offset)).toContain(table?.offset);
  const large = layout.buckets.filter(({ count }) => 4 * count > 16e6);
  expect(large.length).toBeGreaterThan(20);
  for (const { count } of large) expect(4 * count).toBeLessThan(32e6);
});

test('without groups all tensors are of one', () => {
  const { buckets } = layoutParameters(traceTraining(SMALL, { batch: 1, length: 8 }, 'fp32'));
  expect(buckets.map(({ group }) => group)).toEqual(buckets.map(() => ({ name: '', state: [] })));
});

describe('matrices that are not cut', () => {
  const { groupOf } = muonOptimizer({ weightDecay: 0.1 });
  const graph = traceTraining(PRESETS['gpt2-124m'], { batch: 1, length: 8 }, 'fp32');
  const isMatrix = (name: string) => /\.h\..*\.weight$/.test(name) && !/\.ln_/.test(name);

  test.each([
    { size: 1, padding: 0 },
    { size: 2, padding: 0 },
    { size: 4, padding: 0 },
    { size: 8, padding: 1 / 9 },
  ])('lie each in the slice of one of $size ranks; $padding of their buckets is padding', ({ size, padding }) => {
    const layout = layoutParameters(graph, groupOf, { rank: 0, size });
    const whole = layout.buckets.filter(({ group }) => group.isWhole);
    let held = 0;
    for (const { name, offset, count } of layout.places.values()) {
      if (!isMatrix(name)) continue;
      const bucket = whole.find((each) => offset >= each.offset && offset < each.offset + each.count);
      if (!bucket) throw new Error(`${name} is in a bucket that is cut`);
      const sliceOf = (element: number) => Math.floor((element - bucket.offset) / (bucket.count / size));
      expect(sliceOf(offset + count - 1), name).toBe(sliceOf(offset));
      held += count;
    }
    const total = whole.reduce((sum, { count }) => sum + count, 0);
    expect(total / held - 1).toBeCloseTo(padding, 3);
    for (const { count } of whole) expect(4 * count).toBeLessThan(80e6);
  });

  test('have a momentum alone, and all else two moments', () => {
    const layout = layoutParameters(graph, groupOf);
    const matrices = 12 * 12 * 768 ** 2;
    expect(stateElements(layout, 'optimizer:momentum')).toBe(matrices);
    for (const buffer of ['optimizer:firstMoments', 'optimizer:secondMoments'] as const)
      expect(stateElements(layout, buffer)).toBe(layout.count - matrices);
  });
});
