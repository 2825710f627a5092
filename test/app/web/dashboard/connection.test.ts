import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from '../../../../src/app/web/dashboard/connection.ts';

/** Connections that were made, in their order. */
const sources: Source[] = [];

class Source extends EventTarget {
  static readonly CLOSED = 2;
  readonly url: string;
  readyState = 1;
  onerror = () => {};

  constructor(url: string) {
    super();
    this.url = url;
    sources.push(this);
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }

  tell(name: string, lastEventId: string): void {
    this.dispatchEvent(new MessageEvent(name, { data: '[]', lastEventId }));
  }
}

const page = Object.assign(new EventTarget(), { hidden: false });

function see(isSeen: boolean): void {
  page.hidden = !isSeen;
  page.dispatchEvent(new Event('visibilitychange'));
}

/** The status that the server answers to a page that asks why its stream was refused. */
function answer(status: number, headers: Record<string, string> = {}): void {
  vi.stubGlobal('fetch', async () => new Response(null, { status, headers }));
}

function giveUp(source: Source | undefined): void {
  source?.close();
  source?.onerror();
}

const listener = { runs: vi.fn(), update: vi.fn(), problem: vi.fn(), connected: vi.fn(), refused: vi.fn() };
const openSources = (): string[] =>
  sources.filter(({ readyState }) => readyState !== Source.CLOSED).map(({ url }) => url);

beforeEach(() => {
  sources.length = 0;
  page.hidden = false;
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('document', page);
  vi.clearAllMocks();
  answer(404);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a page that is not seen has no connection; seen again, it goes on from its position', () => {
  const disconnect = connect(listener);
  sources[0]?.tell('runs', '1f-2a');
  see(false);
  expect(openSources()).toEqual([]);
  see(true);
  expect(openSources()).toEqual(['api/events?from=1f-2a']);
  disconnect();
  expect(openSources()).toEqual([]);
  see(true);
  expect(openSources()).toEqual([]);
});

test('a page that was opened unseen connects when it is seen', () => {
  page.hidden = true;
  const disconnect = connect(listener);
  expect(openSources()).toEqual([]);
  see(true);
  expect(openSources()).toEqual(['api/events?from=']);
  disconnect();
});

test('a connection that the browser gave up is opened again, unless the page is no longer seen', async () => {
  const disconnect = connect(listener);
  giveUp(sources[0]);
  await vi.runAllTimersAsync();
  expect(listener.connected).toHaveBeenLastCalledWith(false);
  expect(openSources()).toHaveLength(1);
  giveUp(sources[1]);
  see(false);
  await vi.runAllTimersAsync();
  expect(openSources()).toEqual([]);
  disconnect();
});

test('a page that the server has no room for says so, and asks again when the server says', async () => {
  const disconnect = connect(listener);
  answer(503, { 'retry-after': '7' });
  giveUp(sources[0]);
  await vi.advanceTimersByTimeAsync(6900);
  expect(listener.refused).toHaveBeenCalledOnce();
  expect(openSources()).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(openSources()).toHaveLength(1);
  disconnect();
});
