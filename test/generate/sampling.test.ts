import { describe, expect, test } from 'vitest';
import { checkSampling, type SamplingSettings, sampleToken } from '#minillm/generate/sampling.js';
import { fillNormal, Random } from '#minillm/support/random.js';

const ALL: SamplingSettings = { temperature: 1, topK: 0, topP: 1 };
const LOGITS = Float32Array.from([1, -2, 3, 0.5, 3, -1, 2, 0]);

/** What Hugging Face's processors make of the logits, in their order, written plainly. */
function probabilities(logits: Float32Array, { temperature, topK, topP }: SamplingSettings): number[] {
  let scores = [...logits].map((logit) => logit / temperature);
  if (topK > 0) {
    const least = [...scores].sort((a, b) => b - a)[Math.min(topK, scores.length) - 1]!;
    scores = scores.map((score) => (score < least ? Number.NEGATIVE_INFINITY : score));
  }
  const softmax = (): number[] => {
    const weights = scores.map((score) => Math.exp(score));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  };
  if (topP < 1) {
    const shares = softmax();
    const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
    let mass = 0;
    for (const id of order) {
      if (mass >= topP) scores[id] = Number.NEGATIVE_INFINITY;
      mass += shares[id]!;
    }
  }
  return softmax();
}

describe.each([
  ['all tokens', ALL],
  ['temperature 0.5', { ...ALL, temperature: 0.5 }],
  ['temperature 3', { ...ALL, temperature: 3 }],
  ['top-k 3', { ...ALL, topK: 3 }],
  ['top-k 1 with two equal tokens', { ...ALL, topK: 1 }],
  ['top-k above the vocabulary', { ...ALL, topK: 100 }],
  ['top-p 0.8', { ...ALL, topP: 0.8 }],
  ['top-p 0.3, within two equal tokens', { ...ALL, topP: 0.3 }],
  ['temperature, top-k and top-p together', { temperature: 1.7, topK: 5, topP: 0.75 }],
])('%s', (_, settings) => {
  test('gives each token as often as its probability says, and the others never', () => {
    const expected = probabilities(LOGITS, settings);
    const draws = 40_000;
    const counts = new Array<number>(LOGITS.length).fill(0);
    const random = new Random(7, 0);
    for (let draw = 0; draw < draws; draw++) counts[sampleToken(LOGITS, settings, random)]!++;
    expected.forEach((probability, id) => {
      if (probability === 0) expect(counts[id]).toBe(0);
      // 5 standard deviations of a binomial count
      const spread = 5 * Math.sqrt(draws * probability * (1 - probability));
      expect(Math.abs(counts[id]! - draws * probability)).toBeLessThanOrEqual(spread);
    });
  });
});

test('with a vocabulary of 50257, only the tokens that top-k and top-p of a full sort allow come', () => {
  const logits = new Float32Array(50257);
  fillNormal(logits, 3, 3, 'logits');
  for (const settings of [
    { ...ALL, topK: 50 },
    { ...ALL, topP: 0.2 },
    { temperature: 0.8, topK: 1000, topP: 0.9 },
  ]) {
    const expected = probabilities(logits, settings);
    const random = new Random(3, 1);
    for (let draw = 0; draw < 300; draw++) expect(expected[sampleToken(logits, settings, random)]).toBeGreaterThan(0);
  }
});

test('temperature 0 takes the most likely token, the lowest id in a tie, and no random number', () => {
  const random = new Random(0, 0);
  expect(sampleToken(LOGITS, { ...ALL, temperature: 0 }, random)).toBe(2);
  expect(random.uint32()).toBe(new Random(0, 0).uint32());
});

test('a low temperature does not overflow', () => {
  expect(sampleToken(Float32Array.from([0, 1000, 999]), { ...ALL, temperature: 1e-6 }, new Random(0, 0))).toBe(1);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('logits of %d are an error that blames the weights', (value) => {
  expect(() => sampleToken(Float32Array.from([value, 1]), ALL, new Random(0, 0))).toThrow(/weights are damaged/);
});

test.each([
  [{ ...ALL, temperature: -1 }, 'temperature: expected 0 or more, found -1'],
  [{ ...ALL, temperature: Number.NaN }, 'temperature: expected 0 or more, found NaN'],
  [{ ...ALL, topK: 1.5 }, 'top-k: expected a whole number from 0 (all tokens), found 1.5'],
  [{ ...ALL, topP: 0 }, 'top-p: expected more than 0 and at most 1, found 0'],
  [{ ...ALL, topP: 1.1 }, 'top-p: expected more than 0 and at most 1, found 1.1'],
])('refuses %j', (settings, message) => {
  expect(() => checkSampling(settings)).toThrow(message);
});
