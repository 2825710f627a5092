import { expect, test } from 'vitest';
import { eventData } from '../../../../../src/app/web/playground/api/sse.ts';

/** The events of a stream that arrives in pieces of this many bytes. */
async function eventsOf(text: string, size: number): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  async function* pieces() {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }
  const events: string[] = [];
  for await (const data of eventData(pieces())) events.push(data);
  return events;
}

test.each([1, 2, 3, 1000])('events are the same however they are cut into pieces (of %d bytes)', async (size) => {
  const text = 'data: {"text":"naïve – 🦊"}\n\n: a comment\n\ndata:two\r\ndata: lines\r\n\r\nid: 7\ndata: [DONE]\n\n';
  expect(await eventsOf(text, size)).toEqual(['{"text":"naïve – 🦊"}', 'two\nlines', '[DONE]']);
});

test('an event without its end is left out', async () => {
  expect(await eventsOf('data: whole\n\ndata: cut', 4)).toEqual(['whole']);
});
