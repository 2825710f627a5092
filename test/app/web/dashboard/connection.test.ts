import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from '../../../../src/app/web/dashboard/connection.ts';

/** A request that was answered with a stream. */
interface Stream {
  readonly url: string;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
  tell(name: string, id: string): void;
  end(): void;
}

const EVENT_STREAM = { 'content-type': 'text/event-stream' };

/** Streams in the order of their requests. */
const streams: Stream[] = [];
/** The answers to the next requests, while there are any; then streams. */
const answers: (() => Response)[] = [];

async function answer(url: string, { headers, signal }: RequestInit): Promise<Response> {
  const next = answers.shift();
  if (next) return next();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
  });
  const given = signal as AbortSignal;
  given.addEventListener('abort', () => controller?.error(given.reason));
  const { authorization: key } = headers as Record<string, string>;
  const tell = (name: string, id: string): void =>
    controller?.enqueue(new TextEncoder().encode(`event: ${name}\ndata: []\nid: ${id}\n\n`));
  streams.push({ url, key, signal: given, tell, end: () => controller?.close() });
  return new Response(body, { headers: EVENT_STREAM });
}

const page = Object.assign(new EventTarget(), { hidden: false });

function see(isSeen: boolean): void {
  page.hidden = !isSeen;
  page.dispatchEvent(new Event('visibilitychange'));
}

const listener = {
  ...{ runs: vi.fn(), update: vi.fn(), problem: vi.fn() },
  ...{ connected: vi.fn(), refused: vi.fn(), locked: vi.fn() },
};
const openStreams = (): string[] => streams.filter(({ signal }) => !signal.aborted).map(({ url }) => url);
/** Lets what waits for answers go on. */
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  streams.length = 0;
  answers.length = 0;
  page.hidden = false;
  vi.useFakeTimers();
  vi.stubGlobal('fetch', vi.fn(answer));
  vi.stubGlobal('document', page);
  vi.stubGlobal('sessionStorage', { getItem: () => 'secret' });
  vi.clearAllMocks();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a page that is not seen has no connection; seen again, it goes on from its position', async () => {
  const disconnect = connect(listener);
  await settle();
  streams[0]?.tell('runs', '1f.2.3');
  await settle();
  expect(listener.runs).toHaveBeenCalledWith([]);
  see(false);
  await settle();
  expect(openStreams()).toEqual([]);
  expect(listener.connected).not.toHaveBeenCalledWith(false);
  see(true);
  await settle();
  expect(openStreams()).toEqual(['app/events?from=1f.2.3']);
  disconnect();
  await vi.runAllTimersAsync();
  expect(openStreams()).toEqual([]);
  see(true);
  await settle();
  expect(openStreams()).toEqual([]);
});

test('a page that was opened unseen connects when it is seen, with the key of its tab', async () => {
  page.hidden = true;
  const disconnect = connect(listener);
  await settle();
  expect(streams).toEqual([]);
  see(true);
  await settle();
  expect(streams.map(({ url, key }) => [url, key])).toEqual([['app/events?from=', 'Bearer secret']]);
  disconnect();
});

test('a connection that ended is opened again, unless the page is no longer seen', async () => {
  const disconnect = connect(listener);
  await settle();
  streams[0]?.end();
  await settle();
  expect(listener.connected).toHaveBeenLastCalledWith(false);
  await vi.advanceTimersByTimeAsync(2000);
  expect(listener.connected).toHaveBeenLastCalledWith(true);
  expect(streams).toHaveLength(2);
  streams[1]?.end();
  await settle();
  see(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(streams).toHaveLength(2);
  disconnect();
});

test.each([
  ['an unreachable server', () => Promise.reject(new TypeError('refused')) as never],
  ['the page of another program', () => new Response('hello', { headers: { 'content-type': 'text/html' } })],
  ['an error', () => new Response('', { status: 502 })],
])('%s is asked again until there is a stream', async (_, wrong) => {
  answers.push(wrong, wrong);
  const disconnect = connect(listener);
  await settle();
  expect(listener.connected.mock.calls).toEqual([[false]]);
  await vi.advanceTimersByTimeAsync(4000);
  expect(listener.connected.mock.calls).toEqual([[false], [false], [true]]);
  disconnect();
});

test('a page that the server has no room for says so, and asks again when the server says', async () => {
  answers.push(() => new Response('', { status: 503, headers: { 'retry-after': '7' } }));
  const disconnect = connect(listener);
  await vi.advanceTimersByTimeAsync(6900);
  expect(listener.refused).toHaveBeenCalledOnce();
  expect(streams).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(streams).toHaveLength(1);
  disconnect();
});

test('a server that wants a key is not asked again until there is one', async () => {
  answers.push(() => new Response('', { status: 401 }));
  const disconnect = connect(listener);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(listener.locked).toHaveBeenCalledOnce();
  expect(listener.connected).not.toHaveBeenCalled();
  expect(streams).toEqual([]);
  disconnect();
});
