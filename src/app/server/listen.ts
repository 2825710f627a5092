/** @file A server's place on the network. */

import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { UserError } from '../../support/errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Whether the port was asked for by the user, who then gets no other. */
  readonly isFixed: boolean;
}

export interface RunningServer {
  /** `http://127.0.0.1:8000/` */
  readonly url: string;
  /** Takes no more requests, and cuts those that are being answered. */
  close(): Promise<void>;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

/** What is only for this machine refuses a web page from elsewhere that has its name resolve to this machine. */
function onlyForThisMachine(app: Hono): Hono['fetch'] {
  return (request, ...rest) => {
    const isMeant = LOOPBACK.test(new URL(request.url).hostname.replace(/^\[|\]$/g, ''));
    return isMeant ? app.fetch(request, ...rest) : new Response('only for this machine\n', { status: 403 });
  };
}

/** Ports that are tried, one after the other, where none was asked for. */
const PORTS = 20;

/**
 * Answers at an address, on loopback only to who calls this machine by a name of its own; where its port is taken and not fixed, at one of the next.
 * @throws UserError when the address cannot be listened on
 */
export async function listen(app: Hono, { host, port, isFixed }: Address): Promise<RunningServer> {
  for (let tried = port; ; tried++) {
    const server = createAdaptorServer({ fetch: LOOPBACK.test(host) ? onlyForThisMachine(app) : app.fetch });
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(tried, host, () => resolve(undefined));
    });
    if (failure === undefined) {
      const address = server.address();
      const close = () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          if ('closeAllConnections' in server) server.closeAllConnections();
        });
      return { url: urlOf(host, typeof address === 'object' && address ? address.port : tried), close };
    }
    if (failure.code === 'EADDRINUSE' && !isFixed && tried + 1 < Math.min(port + PORTS, 65_536)) continue;
    const advice =
      failure.code === 'EADDRINUSE' ? 'another program listens there; give another --port' : failure.message;
    throw new UserError(`${urlOf(host, tried)}: could not be served (${advice})`);
  }
}

const ANY_ADDRESS = ['0.0.0.0', '::'];

/** What a browser on this machine is to open. */
function urlOf(host: string, port: number): string {
  const name = ANY_ADDRESS.includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}
