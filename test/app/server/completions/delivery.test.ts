/** An answer to clients that do not take it, over real sockets. */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ClientGone } from '#minillm/app/server/completions/delivery.js';
import { HttpDelivery } from '#minillm/app/server/completions/http-delivery.js';

/** The answer to a client that does not read until told to. */
async function begin(deliver = (response: ServerResponse) => new HttpDelivery(response, 'text/plain')) {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  client.pause();
  onTestFinished(() => void client.destroy());
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return { client, response, delivery: deliver(response) };
}

/** More than the system takes for a client that does not read. */
const PIECE = 'a'.repeat(16 << 20);

test('a piece waits until the client takes it', async () => {
  const { client, response, delivery } = await begin();
  let isTaken = false;
  const written = delivery.write(PIECE).then(() => {
    isTaken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([isTaken, response.writableNeedDrain]).toEqual([false, true]);
  client.resume();
  await written;
  await delivery.end();
  expect(response.writableFinished).toBe(true);
});

test('a client that leaves is gone', async () => {
  const { client, delivery } = await begin();
  const written = delivery.write(PIECE);
  client.destroy();
  await expect(written).rejects.toThrow(ClientGone);
  await expect(delivery.write('more')).rejects.toThrow(ClientGone);
});

test('a client that keeps its answer waiting for too long is dropped', async () => {
  const { response, delivery } = await begin();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const refused = expect(delivery.write(PIECE)).rejects.toThrow(ClientGone);
  await vi.advanceTimersByTimeAsync(120_000);
  await refused;
  expect(response.destroyed).toBe(true);
});

test('a client that waits for a stream hears that it goes on, from the beginning', async () => {
  const { client, response } = await begin((answer) => HttpDelivery.events(answer, 5));
  let heard = '';
  client.on('data', (bytes) => {
    heard += bytes.toString();
  });
  client.resume();
  await expect.poll(() => heard).toMatch(/text\/event-stream.*: ping\n\n.*: ping\n\n/s);
  response.end();
  await expect.poll(() => response.closed).toBe(true);
});
