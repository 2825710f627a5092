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

const listener = { runs: vi.fn(), update: vi.fn(), problem: vi.fn(), connected: vi.fn() };
const openSources = (): string[] =>
  sources.filter(({ readyState }) => readyState !== Source.CLOSED).map(({ url }) => url);

beforeEach(() => {
  sources.length = 0;
  page.hidden = false;
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('document', page);
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

test('a connection that the browser gave up is opened again, unless the page is no longer seen', () => {
  const disconnect = connect(listener);
  const giveUp = (source: Source | undefined): void => {
    source?.close();
    source?.onerror();
  };
  giveUp(sources[0]);
  vi.runAllTimers();
  expect(openSources()).toHaveLength(1);
  giveUp(sources[1]);
  see(false);
  vi.runAllTimers();
  expect(openSources()).toEqual([]);
  disconnect();
});
