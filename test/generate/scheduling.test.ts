import { expect, test } from 'vitest';
import { Generator } from '#minillm/generate/generator.js';
import type { GenerationEvent, GenerationRequest } from '#minillm/generate/stream.js';
import { openFixture } from './fixture.js';

const SAMPLED = { temperature: 1, topK: 50, topP: 0.95, seed: 42 };
const LONG = Array.from({ length: 20 }, (_, index) => index * 11);

async function openGenerator(extents: Parameters<typeof openFixture>[0] = {}) {
  return new Generator((await openFixture(extents)).session);
}

/** The events of both requests in the order in which they come; the second begins after `after` events of the first. */
async function together(generator: Generator, first: GenerationRequest, second: GenerationRequest, after: number) {
  const events: { request: number; event: GenerationEvent }[] = [];
  const follow = async (request: number, of: GenerationRequest): Promise<void> => {
    for await (const event of generator.generate(of)) {
      events.push({ request, event });
      if (request === 0 && events.length === after) others.push(follow(1, second));
    }
  };
  const others: Promise<void>[] = [];
  await follow(0, first);
  await Promise.all(others);
  return events;
}

const tokensOf = (events: readonly { request: number; event: GenerationEvent }[], request: number): number[] =>
  events.flatMap(({ request: of, event }) => (of === request && 'token' in event ? [event.token] : []));

test('while a long prompt is read, a running stream gets a token after each chunk, and both texts are those they have alone', async () => {
  const generator = await openGenerator({ promptLength: 4 });
  const short = { ...SAMPLED, prompts: [[7, 8, 9]], tokens: 20 };
  const long = { ...SAMPLED, seed: 5, prompts: [LONG], tokens: 3 };
  const [[shortAlone], [longAlone]] = [await generator.complete(short), await generator.complete(long)];
  const events = await together(generator, short, long, 2);
  expect(tokensOf(events, 0)).toEqual(shortAlone);
  expect(tokensOf(events, 1)).toEqual(longAlone);
  // five chunks: the running stream has had at least four steps between them
  expect(events.findIndex(({ request }) => request === 1)).toBeGreaterThanOrEqual(2 + 4);
});

test('prompts that wait are read in the order in which they came', async () => {
  const generator = await openGenerator({ promptLength: 4 });
  const request = { ...SAMPLED, prompts: [LONG, [1], [2, 3]], tokens: 2 };
  const order: number[] = [];
  for await (const { stream } of generator.generate(request)) order.push(stream);
  expect([...new Set(order)]).toEqual([0, 1, 2]);
});

test('the load counts running and waiting streams and cached positions, and is zero when a consumer leaves', async () => {
  const generator = await openGenerator({ streams: 2 });
  const idle = { running: 0, waiting: 0, slots: 2, cachedPositions: 0, cachePositions: 48 };
  expect(generator.load).toEqual(idle);
  for await (const event of generator.generate({ ...SAMPLED, prompts: [[1, 2], [3], [4]], tokens: 20 })) {
    if (!('token' in event)) continue;
    const { running, waiting, cachedPositions } = generator.load;
    expect({ running, waiting }).toEqual({ running: 2, waiting: 1 });
    expect(cachedPositions).toBeGreaterThanOrEqual(2);
    break;
  }
  expect(generator.load).toEqual(idle);
});

test('a signal ends running and waiting streams as interrupted, while another request goes on', async () => {
  const generator = await openGenerator({ streams: 2 });
  const other = { ...SAMPLED, prompts: [[9, 9]], tokens: 15 };
  const [alone] = await generator.complete(other);
  const abort = new AbortController();
  const ends: GenerationEvent[] = [];
  const going = generator.complete(other);
  for await (const event of generator.generate({
    ...SAMPLED,
    prompts: [[1], [2], [3]],
    tokens: 20,
    signal: abort.signal,
  })) {
    if ('token' in event) abort.abort();
    else ends.push(event);
  }
  expect(ends).toEqual([0, 1, 2].map((stream) => ({ stream, ended: 'interrupted' })));
  expect(await going).toEqual([alone]);
});
