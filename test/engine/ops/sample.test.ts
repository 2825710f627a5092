import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { sample } from '#minillm/engine/ops/sample.js';
import { Random } from '#minillm/support/random.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { devices } from '../devices.ts';
import { type OpCase, runOp } from '../op-harness.ts';
import { draw, logSoftmax, type Sampling, weights } from '../reference/sample.ts';
import { normal } from '../values.ts';

/** The most tokens that are given for a row, and the most adjustments. */
const K = 20;
const A = 6;

interface Row extends Sampling {
  readonly logits: Float32Array;
  readonly vocabularySize: number;
  readonly alternatives: number;
  readonly uniform: number;
}

const ALL = { temperature: 1, topK: 0, topP: 1, minP: 0, adjustments: new Map<number, number>(), alternatives: 0 };

/** Logits of a trained model's spread, rounded to a grid on which many are equal. */
function logitsOf(V: number, name: string, grid = 0): Float32Array {
  const values = normal(V, `logits of ${name}`, 3);
  return Float32Array.from(values, (value) => (grid > 0 ? Math.round(value / grid) * grid : value));
}

function opOf(V: number, rows: readonly Row[]): OpCase {
  const B = rows.length;
  const values = {
    logits: Float64Array.from(rows.flatMap(({ logits }) => [...logits])),
    numbers: Float64Array.from(rows.flatMap((row) => [row.temperature, row.topP, row.minP, row.uniform])),
    counts: Float64Array.from(
      rows.flatMap((row) => [row.vocabularySize, row.topK, row.alternatives, row.adjustments.size]),
    ),
    adjustedIds: new Float64Array(B * A),
    adjustments: new Float64Array(B * A),
  };
  rows.forEach(({ adjustments }, row) => {
    values.adjustedIds.set([...adjustments.keys()], row * A);
    values.adjustments.set([...adjustments.values()], row * A);
  });
  const trace = (graph: Graph) => ({
    ...sample(
      graph.input('logits', [graph.batch, V], 'float32'),
      {
        numbers_B4: graph.input('numbers', [graph.batch, 4], 'float64'),
        counts_B4: graph.input('counts', [graph.batch, 4], 'int32'),
        adjustedIds_BA: graph.input('adjustedIds', [graph.batch, A], 'int32'),
        adjustments_BA: graph.input('adjustments', [graph.batch, A], 'float32'),
      },
      K,
    ),
  });
  return { compiled: { batch: B, length: 1 }, trace, values };
}

const real = ({ logits, vocabularySize }: Row): Float32Array => logits.subarray(0, vocabularySize);

const mostLikely = (logprobs: Float64Array): number[] =>
  [...logprobs.keys()].sort((a, b) => logprobs[b]! - logprobs[a]! || a - b);

function expectedOf(rows: readonly Row[]) {
  const tokens = rows.map((row) => draw(weights(real(row), row), row.uniform));
  const logprobs = rows.map((row) => logSoftmax(real(row)));
  const likeliest = logprobs.map((all) => mostLikely(all).slice(0, K));
  return {
    tokens: Float64Array.from(tokens),
    logprobs: Float64Array.from(tokens, (token, row) => logprobs[row]![token]!),
    topIds: Float64Array.from(likeliest.flat()),
    topLogprobs: Float64Array.from(likeliest.flatMap((ids, row) => ids.map((id) => logprobs[row]![id]!))),
  };
}

const SETTINGS: readonly (readonly [string, Partial<Sampling>])[] = [
  ['all tokens', {}],
  ['temperature 0', { temperature: 0 }],
  ['temperature 0.7', { temperature: 0.7 }],
  ['temperature 3', { temperature: 3 }],
  ['a low temperature', { temperature: 1e-6 }],
  ['top-k 1', { topK: 1 }],
  ['top-k 50', { topK: 50 }],
  ['top-k of all but one', { topK: 499 }],
  ['top-k above the vocabulary', { topK: 5000 }],
  ['top-p 0.9', { topP: 0.9 }],
  ['top-p 0.999999', { topP: 0.999999 }],
  ['top-p near 0', { topP: 1e-18 }],
  ['min-p 0.1', { minP: 0.1 }],
  ['min-p 1', { minP: 1 }],
  ['all of them', { temperature: 1.7, topK: 40, topP: 0.8, minP: 0.02 }],
  [
    'adjustments',
    {
      adjustments: new Map([
        [3, 9.5],
        [0, -100],
        [499, 4],
      ]),
    },
  ],
  ['adjustments at temperature 0', { temperature: 0, adjustments: new Map([[7, 100]]) }],
];

const UNIFORMS = [0, 0.1, 0.35, 0.5, 0.77, 0.9, 0.99, 1 - 2 ** -53];

function settingsTest(title: string, settings: Partial<Sampling>, V: number, padding: number, grid: number): OpTest {
  const rows = UNIFORMS.map((uniform, index) => ({
    ...ALL,
    ...settings,
    // padded ids are the most likely of all, if they were looked at
    logits: Float32Array.from([...logitsOf(V, `${index}`, grid), ...new Array<number>(padding).fill(50)]),
    vocabularySize: V,
    alternatives: K,
    uniform,
  }));
  const op = opOf(V + padding, rows);
  return { title, make: () => ({ op, expected: () => ({ outputs: expectedOf(rows) }) }) };
}

describeOp([
  ...SETTINGS.map(([title, settings]) => settingsTest(title, settings, 500, 0, 0)),
  ...SETTINGS.map(([title, settings]) => settingsTest(`${title}, many equal logits`, settings, 500, 0, 0.5)),
  settingsTest('a padded vocabulary of no whole vector', { topP: 0.95 }, 77, 51, 0),
  settingsTest('the vocabulary of GPT-2', { topK: 1000, topP: 0.9 }, 50257, 47, 0.001),
]);

describe.each(devices)('$name', (device) => {
  test('each token comes as often as its weight says, and the others never', async () => {
    const logits = Float32Array.from([1, -2, 3, 0.5, 3, -1, 2, 0]);
    const random = new Random(7, 0);
    const settings = { ...ALL, temperature: 1.7, topK: 5, topP: 0.9, logits, vocabularySize: 8 };
    const draws = 20_000;
    const rows = Array.from({ length: draws }, () => ({ ...settings, uniform: random.uniform() }));
    const { outputs } = await runOp(device, opOf(8, rows));
    const counts = new Array<number>(8).fill(0);
    for (const token of outputs.tokens!) counts[token]!++;
    const expected = weights(logits, settings);
    const total = expected.reduce((sum, weight) => sum + weight, 0);
    expected.forEach((weight, id) => {
      const share = weight / total;
      // 5 standard deviations of a binomial count
      expect(Math.abs(counts[id]! - draws * share)).toBeLessThanOrEqual(5 * Math.sqrt(draws * share * (1 - share)));
    });
  });

  test('a row gives as many of the most likely tokens as it asks for, and one without ids nothing', async () => {
    const logits = logitsOf(60, 'few');
    const row = { ...ALL, logits, vocabularySize: 60, uniform: 0.5 };
    const asked = [0, 1, 20].map((alternatives) => ({ ...row, alternatives }));
    const { outputs } = await runOp(device, opOf(60, [...asked, { ...row, vocabularySize: 0, alternatives: 5 }]));
    const best = mostLikely(logSoftmax(logits));
    expect(outputs.topIds![K]).toBe(best[0]);
    expect([...outputs.topIds!.subarray(2 * K, 3 * K)]).toEqual(best.slice(0, K));
    expect(new Set(outputs.tokens!.subarray(0, 3)).size).toBe(1);
  });

  test.each([
    ['NaN', 30, Number.NaN],
    ['NaN in the first place', 0, Number.NaN],
    ['NaN in the last place', 59, Number.NaN],
    ['infinity', 30, Number.POSITIVE_INFINITY],
  ])('%s among the logits gives no token, but that logit', async (_, place, value) => {
    const damaged = logitsOf(60, 'damaged');
    damaged[place] = value;
    const row = { ...ALL, vocabularySize: 60, uniform: 0.5 };
    const rows = [damaged, logitsOf(60, 'sound')].map((logits) => ({ ...row, logits }));
    const { tokens, logprobs } = (await runOp(device, opOf(60, rows))).outputs;
    expect([tokens![0], logprobs![0]]).toEqual([-1, value]);
    expect(tokens![1]).toBeGreaterThanOrEqual(0);
  });
});
