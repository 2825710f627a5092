import { expect, test } from 'vitest';
import { type ServerEvent, serverEvents } from '../../../../src/app/web/shared/sse.ts';

/** The events of a stream that arrives in pieces of this many bytes. */
async function eventsOf(text: string, size: number): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text);
  async function* pieces() {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(pieces())) events.push(event);
  return events;
}

test.each([1, 2, 3, 1000])('events are the same however they are cut into pieces (of %d bytes)', async (size) => {
  const text =
    'data: {"text":"naïve – 🦊"}\n\n: a comment\n\nevent: update\ndata:two\r\ndata: lines\r\nid: 7\r\nretry: 5\r\n\r\nid: 8\n\ndata: [DONE]\n\n';
  expect(await eventsOf(text, size)).toEqual([
    { name: 'message', id: '', data: '{"text":"naïve – 🦊"}' },
    { name: 'update', id: '7', data: 'two\nlines' },
    { name: 'message', id: '8', data: '[DONE]' },
  ]);
});

test('an event without its end is left out', async () => {
  expect((await eventsOf('data: whole\n\ndata: cut', 4)).map(({ data }) => data)).toEqual(['whole']);
});
