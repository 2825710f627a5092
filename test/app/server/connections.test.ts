/** Connections of a server over real sockets. */

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { boundConnections } from '#minillm/app/server/connections.js';

/** A server with so many connections at most; each call of `client` opens one and sends something. */
async function start(
  maxConnections: number,
  answer: (response: ServerResponse) => void = (response) => response.end(),
) {
  const server: Server = createServer((_, response) => answer(response));
  boundConnections(server, maxConnections);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const client = async (text = ''): Promise<Socket> => {
    const accepted = once(server, 'connection');
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    if (text !== '') socket.write(text);
    await accepted;
    return socket;
  };
  return { server, client };
}

const GET = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';

test('a new connection replaces the one that has been idle longest', async () => {
  const { client } = await start(2);
  const first = await client('GET / HTTP/1.1\r\nx: half a request');
  const second = await client();
  const closed = once(first.resume(), 'close');
  const third = await client(GET);
  await closed;
  expect(String(await once(third, 'data'))).toMatch(/^HTTP\/1\.1 200/);
  expect(second.destroyed).toBe(false);
});

test('one that waits for its answer keeps its place', async () => {
  let release: ServerResponse | undefined;
  const { server, client } = await start(1, (response) => {
    release = response;
  });
  const asked = once(server, 'request');
  const waiting = await client(GET);
  await asked;
  const refused = await client(GET);
  await once(refused.resume(), 'close');
  release?.end('answer');
  expect(String(await once(waiting, 'data'))).toMatch(/answer$/);
});

test('the timeout closes what is idle or not read, and spares what waits', async () => {
  const responses: ServerResponse[] = [];
  const { server, client } = await start(10, (response) => responses.push(response));
  server.timeout = 20;
  const idle = await client();
  const idleClosed = once(idle.resume(), 'close');
  const asked = once(server, 'request');
  const waiting = await client(GET);
  await asked;
  const seen = once(server, 'timeout');
  await idleClosed;
  await seen;
  expect(waiting.destroyed).toBe(false);
  // more than the system takes for a client that does not read
  waiting.pause();
  responses[0]?.write(Buffer.alloc(64 << 20));
  await once(responses[0]!, 'close');
});
