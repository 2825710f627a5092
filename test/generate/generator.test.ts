import { describe, expect, test } from 'vitest';
import { Generator } from '#minillm/generate/generator.js';
import type { GenerationEvent, GenerationRequest } from '#minillm/generate/stream.js';
import { firstBatch, openFixture, VOCABULARY } from './fixture.js';

const GREEDY = { temperature: 0, topK: 0, topP: 1, seed: 0 };
const SAMPLED = { temperature: 1, topK: 50, topP: 0.95, seed: 42 };
const PROMPTS = [[7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [499]];

async function openGenerator(extents: Parameters<typeof openFixture>[0] = {}) {
  const fixture = await openFixture(extents);
  return { ...fixture, generator: new Generator(fixture.session) };
}

async function eventsOf(generator: Generator, request: GenerationRequest): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generator.generate(request)) events.push(event);
  return events;
}

test('greedy text is the argmax of running the whole text again for every token', async () => {
  const { generator, programs } = await openGenerator();
  const [text] = await generator.complete({ ...GREEDY, prompts: [PROMPTS[0]!], tokens: 20 });
  const naive = [...PROMPTS[0]!];
  const logits = new Float32Array(VOCABULARY);
  while (naive.length < 23) {
    const positions = Int32Array.from(naive.keys());
    const inputs = { tokens: Int32Array.from(naive), positions, slots: 0, rows: naive.length - 1 };
    await programs.prefill.run(inputs, { batch: 1, length: naive.length, results: { logits } });
    naive.push(logits.indexOf(Math.max(...logits)));
  }
  expect(text).toEqual(naive.slice(3));
});

test('greedy continuation of the fixture is the argmax of PyTorch', async () => {
  const { generator } = await openGenerator();
  const { tokens, logits } = await firstBatch();
  for (const row of [0, 1]) {
    for (const length of [1, 10, 23]) {
      const prompt = tokens[row]!.subarray(0, length);
      const [text] = await generator.complete({ ...GREEDY, prompts: [prompt], tokens: 1 });
      const expected = logits[row]![length - 1]!;
      expect(text).toEqual([expected.indexOf(Math.max(...expected))]);
    }
  }
});

describe.each([
  ['greedy', GREEDY],
  ['sampled', SAMPLED],
])('a %s text', (_, settings) => {
  test('does not depend on the streams beside it', async () => {
    const { generator } = await openGenerator();
    const together = await generator.complete({ ...settings, prompts: PROMPTS, tokens: 12 });
    for (const [index, prompt] of PROMPTS.entries()) {
      // alone in its place: those beside it have other prompts, or ended long before
      const others = PROMPTS.map((_, other) => (other === index ? prompt : [other]));
      const again = await generator.complete({ ...settings, prompts: others, tokens: 12 });
      expect(again[index]).toEqual(together[index]);
    }
    const [alone] = await generator.complete({ ...settings, prompts: PROMPTS.slice(0, 1), tokens: 12 });
    expect(alone).toEqual(together[0]);
  });

  test('does not depend on the number of slots: more prompts than slots take turns', async () => {
    const prompts = Array.from({ length: 7 }, (_, index) =>
      Array.from({ length: index + 1 }, (_, at) => at * 3 + index),
    );
    const request = { ...settings, prompts, tokens: 10 };
    const expected = await (await openGenerator({ streams: 7 })).generator.complete(request);
    for (const streams of [1, 3]) {
      expect(await (await openGenerator({ streams })).generator.complete(request)).toEqual(expected);
    }
  });

  test('does not depend on requests that run at the same time', async () => {
    const { generator } = await openGenerator();
    const requests = PROMPTS.map((prompt, index) => ({
      ...settings,
      seed: index,
      prompts: [prompt, prompt],
      tokens: 9,
    }));
    const oneByOne: number[][][] = [];
    for (const request of requests) oneByOne.push(await generator.complete(request));
    expect(await Promise.all(requests.map((request) => generator.complete(request)))).toEqual(oneByOne);
  });
});

test('a prompt read in chunks gives the text that a prompt read at once gives', async () => {
  const request = { ...GREEDY, prompts: PROMPTS, tokens: 12 };
  const expected = await (await openGenerator()).generator.complete(request);
  for (const promptLength of [1, 4]) {
    expect(await (await openGenerator({ promptLength })).generator.complete(request)).toEqual(expected);
  }
});

test('streams with one prompt differ when sampled, and the same seed gives the same again', async () => {
  const { generator } = await openGenerator();
  const request = { ...SAMPLED, prompts: [[5], [5], [5]], tokens: 15 };
  const texts = await generator.complete(request);
  expect(new Set(texts.map(String)).size).toBe(3);
  expect(await generator.complete(request)).toEqual(texts);
  expect(await generator.complete({ ...request, seed: 43 })).not.toEqual(texts);
});

test('the tokens come one at a time, then the end of the stream', async () => {
  const { generator } = await openGenerator();
  const events = await eventsOf(generator, { ...GREEDY, prompts: PROMPTS, tokens: 4 });
  for (const stream of [0, 1, 2]) {
    const own = events.filter((event) => event.stream === stream);
    expect(own.map((event) => ('token' in event ? 'token' : event.ended))).toEqual([
      ...new Array<string>(4).fill('token'),
      'length',
    ]);
  }
  const begun = new Set(events.map(({ stream }) => stream));
  expect([...begun]).toEqual([0, 1, 2]);
});

test('a stream ends at the token it is to stop at, which is not emitted', async () => {
  const { generator } = await openGenerator();
  const [text] = await generator.complete({ ...SAMPLED, prompts: [PROMPTS[0]!], tokens: 20 });
  const stopAt = text![5]!;
  const events = await eventsOf(generator, { ...SAMPLED, prompts: [PROMPTS[0]!], tokens: 20, stopAt });
  expect(events.map((event) => ('token' in event ? event.token : event.ended))).toEqual([
    ...text!.slice(0, text!.indexOf(stopAt)),
    'stop',
  ]);
});

test('ids from vocabularySize on are never sampled', async () => {
  const { generator } = await openGenerator();
  const request = { ...SAMPLED, topK: 0, topP: 1, prompts: [[1], [2], [3]], tokens: 20, vocabularySize: 4 };
  for (const text of await generator.complete(request)) expect(Math.max(...text)).toBeLessThan(4);
});

test('leaving early frees the slots', async () => {
  const { generator } = await openGenerator({ streams: 1 });
  for await (const event of generator.generate({ ...GREEDY, prompts: [[1], [2]], tokens: 20 })) {
    if ('token' in event) break;
  }
  expect((await generator.complete({ ...GREEDY, prompts: [[3]], tokens: 5 }))[0]).toHaveLength(5);
});

test('streams of a backend that was closed end as interrupted', async () => {
  const { generator, backend } = await openGenerator();
  await backend.close();
  const events = await eventsOf(generator, { ...GREEDY, prompts: [[1], [2]], tokens: 20 });
  expect(events).toEqual([
    { stream: 0, ended: 'interrupted' },
    { stream: 1, ended: 'interrupted' },
  ]);
});

test.each([
  [{ prompts: [[1, 2, 3]], tokens: 22 }, /24 positions of the context, found 3 \+ 22 = 25/],
  [{ prompts: [[1], []], tokens: 2 }, /prompt: expected at least one token, found none/],
  [{ prompts: [[1, 500]], tokens: 2 }, /token ids from 0 to 499, found 500/],
  [{ prompts: [[-1]], tokens: 2 }, /token ids from 0 to 499, found -1/],
  [{ prompts: [[1]], tokens: 0 }, /tokens: expected 1 or more, found 0/],
  [{ prompts: [[1]], tokens: 1, topP: 2 }, /top-p: expected/],
])('refuses %j', async (request, message) => {
  const { generator } = await openGenerator();
  await expect(generator.complete({ ...GREEDY, ...request })).rejects.toThrow(message);
});

test('a context filled to its last position is not too long', async () => {
  const { generator } = await openGenerator();
  expect((await generator.complete({ ...GREEDY, prompts: [[1, 2, 3]], tokens: 21 }))[0]).toHaveLength(21);
});

test('bf16 gives text of the length asked for, the same beside others as alone', async () => {
  const { generator } = await openGenerator({ precision: 'bf16' });
  const together = await generator.complete({ ...SAMPLED, prompts: PROMPTS, tokens: 12 });
  expect(together.map((text) => text.length)).toEqual([12, 12, 12]);
  expect((await generator.complete({ ...SAMPLED, prompts: [PROMPTS[0]!], tokens: 12 }))[0]).toEqual(together[0]);
});
