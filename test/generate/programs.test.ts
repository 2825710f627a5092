import { describe, expect, test } from 'vitest';
import { cpuTarget } from '#minillm/backends/cpu/target.js';
import { sessionBytes } from '#minillm/engine/runtime/session.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { cacheSize, layoutForInference, logitCount, planGeneration } from '#minillm/generate/programs.js';
import { PRESETS } from '#minillm/model/presets.js';
import { describePlan } from '../engine/describe-plan.ts';
import { firstBatch, largestDifference, openFixture, VOCABULARY } from './fixture.js';

const ascending = (length: number, start = 0): Int32Array => Int32Array.from({ length }, (_, index) => start + index);

describe('the logits of the fixture are those of PyTorch in float64, within 1e-4', () => {
  test.each([[[24]], [[1, 23]], [[7, 9, 8]], [[12, 12]], [new Array<number>(24).fill(1)]])(
    'when a row is prefilled in chunks of %j',
    async (chunks) => {
      const { programs } = await openFixture();
      const { tokens, logits } = await firstBatch();
      const found = new Float32Array(VOCABULARY);
      for (const row of [0, 1]) {
        let start = 0;
        for (const length of chunks) {
          const chunk = tokens[row]!.subarray(start, start + length);
          // the last position first: a position read again must give what it gave
          for (const asked of [length - 1, 0]) {
            const inputs = { tokens: chunk, positions: ascending(length, start), slots: row, rows: asked };
            await programs.prefill.run(inputs, { batch: 1, length, results: { logits: found } });
            expect(largestDifference(found, logits[row]![start + asked]!)).toBeLessThan(1e-4);
          }
          start += length;
        }
      }
    },
  );

  test('when three rows at different positions are decoded together, in slots of any order', async () => {
    const { programs } = await openFixture();
    const { tokens, logits } = await firstBatch();
    const streams = [
      { row: 0, position: 5, slot: 2 },
      { row: 1, position: 17, slot: 0 },
      { row: 0, position: 11, slot: 1 },
    ];
    for (const { row, position, slot } of streams) {
      const inputs = {
        tokens: tokens[row]!.subarray(0, position),
        positions: ascending(position),
        slots: slot,
        rows: 0,
      };
      await programs.prefill.run(inputs, { batch: 1, length: position });
    }
    const found = new Float32Array(3 * VOCABULARY);
    for (let step = 0; step < 7; step++) {
      const inputs = {
        tokens: Int32Array.from(streams, ({ row, position }) => tokens[row]![position + step]!),
        positions: Int32Array.from(streams, ({ position }) => position + step),
        slots: Int32Array.from(streams, ({ slot }) => slot),
        rows: ascending(3),
      };
      await programs.decode.run(inputs, { results: { logits: found } });
      streams.forEach(({ row, position }, index) => {
        const own = found.subarray(index * VOCABULARY, (index + 1) * VOCABULARY);
        expect(largestDifference(own, logits[row]![position + step]!)).toBeLessThan(1e-4);
      });
    }
  });
});

test('decoding with packed weights gives the logits of PyTorch within bfloat16, and follows changed parameters', async () => {
  const { session, programs } = await openFixture({ copies: 'bf16' });
  const { tokens, logits } = await firstBatch();
  const [row, expected] = [tokens[0]!, logits[0]!];
  const found = new Float32Array(VOCABULARY);
  const decode = async (position: number): Promise<number> => {
    const inputs = { tokens: row[position]!, positions: position, slots: 0, rows: 0 };
    await programs.pack.refresh();
    await programs.decode.run(inputs, { batch: 1, results: { logits: found } });
    const norm = (values: Float32Array) => Math.hypot(...values);
    return norm(found.map((value, index) => value - expected[position]![index]!)) / norm(expected[position]!);
  };
  // weights rounded to 8 bits, as the tolerance of bf16 activations
  for (let position = 0; position < 5; position++) expect(await decode(position)).toBeLessThan(2e-2);

  // a weight that decoding reads nowhere but in its packed copy
  const name = 'transformer.h.1.mlp.c_proj.weight';
  const weight = new Float32Array(128 * 32);
  await session.read('parameters', name, weight);
  await session.write('parameters', name, new Float32Array(128 * 32));
  expect(await decode(4)).toBeGreaterThan(5e-2);
  await session.write('parameters', name, weight);
  expect(await decode(4)).toBeLessThan(2e-2);
});

test('the plans say how large their cache is and how many logits they give', () => {
  const config = PRESETS.tiny;
  const extents = { streams: 5, positions: 100, promptLength: 32, precision: 'fp32' } as const;
  const { prefill, decode } = planGeneration(config, layoutForInference(config), cpuTarget, extents);
  for (const plan of [prefill, decode]) {
    expect(cacheSize(plan)).toEqual({ slots: 5, positions: 100 });
    expect(logitCount(plan)).toBe(50257);
  }
  expect([prefill.batch, prefill.length, decode.batch, decode.length]).toEqual([1, 32, 5, 1]);
  expect(describePlan(decode)).toContain('cached_attention');
});

test('a cache longer than the context is refused', () => {
  const config = PRESETS.tiny;
  const extents = { streams: 1, positions: 129, promptLength: 32, precision: 'fp32' } as const;
  expect(() => planGeneration(config, layoutForInference(config), cpuTarget, extents)).toThrow(/129 positions.*128/);
});

test('a model that is only run needs its parameters, its cache and little else', () => {
  const config = PRESETS['gpt2-124m'];
  const layout = layoutForInference(config);
  expect([...layout.places.keys()].sort()).toEqual(
    gpt2Parameters(config)
      .map(({ name }) => name)
      .sort(),
  );
  const extents = { streams: 1, positions: 1024, promptLength: 128, precision: 'fp32' } as const;
  const plans = planGeneration(config, layout, cpuTarget, extents);
  const bytes = sessionBytes(layout, [plans.prefill, plans.decode]);
  expect(bytes.has('gradients')).toBe(false);
  expect(bytes.get('parameters')).toBeLessThan(1.001 * 4 * 124_439_808);
  expect(bytes.get('arena')).toBeLessThan(8e6);
  const cache = [...bytes].filter(([region]) => region.startsWith('state:')).reduce((sum, [, size]) => sum + size, 0);
  expect(cache).toBe(4 * 2 * 12 * 768 * 1024);
});
