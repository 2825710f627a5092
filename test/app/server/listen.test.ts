/** What every server does with what comes to its address. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SECURITY_HEADERS } from '#minillm/app/server/access/headers.js';
import { listen } from '#minillm/app/server/listen.js';

async function answerTo(bytes: string): Promise<string> {
  const app = { fetch: async (request: Request) => new Response(`read ${(await request.text()).length}`) };
  const server = await listen(app, { host: '127.0.0.1', port: 0, isFixed: true });
  onTestFinished(() => server.close());
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  const [data] = await once(socket, 'data');
  return String(data);
}

test('HTTP/1.0 without a host is answered on loopback', async () =>
  expect(await answerTo('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200/));

test('the name of another host is refused on loopback', async () =>
  expect(await answerTo('GET / HTTP/1.1\r\nhost: example.com\r\n\r\n')).toMatch(/^HTTP\/1\.1 403/));

test('that refusal has the headers of every answer', async () => {
  const answer = await answerTo('GET / HTTP/1.1\r\nhost: example.com\r\n\r\n');
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(answer).toContain(`${name}: ${value}\r\n`);
});

test('what is no name of a host is refused on loopback', async () =>
  expect(await answerTo('GET / HTTP/1.1\r\nhost: .1\r\n\r\n')).toMatch(/^HTTP\/1\.1 40[03]/));

test('long headers are refused', async () =>
  expect(await answerTo(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(17_000)}\r\n\r\n`)).toMatch(/ 431 /));

test('bad chunks are answered 400, and nothing is logged', async () => {
  const log = [vi.spyOn(console, 'error'), vi.spyOn(console, 'info')];
  onTestFinished(() => void vi.restoreAllMocks());
  const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n';
  expect(await answerTo(`${head}zz\r\nhello\r\n`)).toMatch(/^HTTP\/1\.1 400/);
  for (const spy of log) expect(spy).not.toHaveBeenCalled();
});
