/** @file Listens for requests until it is told to end. */

import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { messageOf, UserError } from '../../support/errors.ts';

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests, and ends those that are being answered. */
  close(): Promise<void>;
}

/**
 * @param port 0 for one that is free
 * @throws UserError when the address cannot be listened on
 */
export async function listen(app: Hono, { host, port }: { host: string; port: number }): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch: app.fetch, hostname: host });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((cause: unknown) => {
    throw new UserError(`${host}:${port}: could not listen there (${messageOf(cause)}); give another --port or --host`);
  });
  const { address, port: bound, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
