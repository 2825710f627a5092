import { expect, test } from 'vitest';
import { Generator } from '#minillm/generate/generator.js';
import type { GenerationEvent, GenerationRequest } from '#minillm/generate/stream.js';
import { openFixture, VOCABULARY } from './fixture.js';

const PROMPT = [7, 8, 9];
const ALL = { temperature: 1, topK: 0, topP: 1, seed: 0, prompts: [PROMPT], tokens: 12 };

type Token = Extract<GenerationEvent, { token: number }>;

async function tokensOf(generator: Generator, request: GenerationRequest): Promise<Token[]> {
  const tokens: Token[] = [];
  for await (const event of generator.generate(request)) if ('token' in event) tokens.push(event);
  return tokens;
}

async function openGenerator() {
  const fixture = await openFixture();
  return { ...fixture, generator: new Generator(fixture.session) };
}

/** Recorded when tokens were sampled in JavaScript, from the same random numbers. */
test.each([
  [{ seed: 2 }, [202, 485, 46, 482, 264, 303, 110, 18, 87, 437, 471, 165]],
  [{ temperature: 0.8, topK: 50, topP: 0.95, seed: 4 }, [77, 369, 463, 463, 445, 193, 77, 471, 400, 202, 166, 166]],
  [{ temperature: 1.3, topP: 0.9, seed: 6 }, [123, 123, 38, 82, 7, 370, 301, 391, 396, 198, 272, 202]],
  [{ temperature: 2, topK: 5, topP: 0.5, seed: 8 }, [256, 123, 123, 7, 7, 7, 123, 7, 482, 482, 355, 355]],
])('a seed gives the text it has always given: %j', async (settings, expected) => {
  const { generator } = await openGenerator();
  expect(await generator.complete({ ...ALL, ...settings })).toEqual([expected]);
});

test('a token comes with its log-probability and the likeliest, whatever the temperature, bias and penalties', async () => {
  const { generator, programs } = await openGenerator();
  const settings = { temperature: 2, topK: 5, frequencyPenalty: 1, logitBias: new Map([[3, 50]]), logprobs: 4 };
  const [first] = await tokensOf(generator, { ...ALL, ...settings, tokens: 1 });
  expect(first?.token).toBe(3);

  const logits = new Float32Array(VOCABULARY);
  const inputs = { tokens: Int32Array.from(PROMPT), positions: Int32Array.of(0, 1, 2), slots: 0, rows: 2 };
  await programs.prefill.run(inputs, { batch: 1, length: 3, results: { logits } });
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  expect(first?.logprob).toBeCloseTo(logits[3]! - total, 5);
  const best = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!).slice(0, 4);
  expect([...first!.topIds]).toEqual(best);
  for (const [place, id] of best.entries()) expect(first!.topLogprobs[place]).toBeCloseTo(logits[id]! - total, 5);
});

test('alternatives are given only when asked for, each stream as many as its request wants', async () => {
  const { generator } = await openGenerator();
  const [none, three] = await Promise.all([0, 3].map((logprobs) => tokensOf(generator, { ...ALL, logprobs })));
  expect(new Set(none!.map(({ topIds }) => topIds.length))).toEqual(new Set([0]));
  expect(new Set(three!.map(({ topIds }) => topIds.length))).toEqual(new Set([3]));
  expect(three!.map(({ token }) => token)).toEqual(none!.map(({ token }) => token));
});

test('greedy text repeats itself less with penalties', async () => {
  const { generator } = await openGenerator();
  const greedy = { ...ALL, temperature: 0 };
  const [free] = await generator.complete(greedy);
  expect(new Set(free).size).toBeLessThan(12);
  const [penalised] = await generator.complete({ ...greedy, frequencyPenalty: 2, presencePenalty: 2 });
  expect(new Set(penalised).size).toBeGreaterThan(new Set(free).size);
});

test('a bias of -100 keeps a token out, and none is biased beyond the vocabulary', async () => {
  const { generator } = await openGenerator();
  const greedy = { ...ALL, temperature: 0 };
  const [free] = await generator.complete(greedy);
  const [without] = await generator.complete({ ...greedy, logitBias: new Map([[free![0]!, -100]]) });
  expect(without).not.toContain(free![0]);
  await expect(generator.complete({ ...greedy, logitBias: new Map([[500, 1]]) })).rejects.toThrow(
    /logit bias: expected token ids from 0 to 499, found 500/,
  );
});

test('logits that are not numbers are an error that blames the weights', async () => {
  const { generator, session } = await openGenerator();
  await session.write('parameters', 'transformer.ln_f.bias', new Float32Array(32).fill(Number.NaN));
  await expect(generator.complete(ALL)).rejects.toThrow(/logits of NaN; its weights are damaged/);
});
