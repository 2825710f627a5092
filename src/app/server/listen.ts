/** @file Listening on a network address. */

import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { UserError } from '../../support/errors.ts';
import { forKnownHosts, isLoopback } from './access/hosts.ts';
import {
  HEADERS_SECONDS,
  KEEP_ALIVE_SECONDS,
  MAX_HEADER_BYTES,
  MAX_REQUESTS_PER_CONNECTION,
  REQUEST_SECONDS,
  STALLED_SECONDS,
} from './connection-limits.ts';
import { boundConnections } from './connections.ts';

/** What answers requests: a Hono application. */
export interface Application {
  readonly fetch: Parameters<typeof getRequestListener>[0];
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Whether the user asked for this port, so that no other may replace it. */
  readonly isFixed: boolean;
  /** Names it answers to besides those of loopback and IP addresses; undefined for any name where it is not on loopback. */
  readonly allowedHosts?: readonly string[];
}

export interface RunningServer {
  /** `http://127.0.0.1:7860/` */
  readonly url: string;
  /** Accepts no more requests and cuts off those that are being answered. */
  close(): Promise<void>;
}

/** How often connections are checked for requests that take too long. */
const CHECK_MILLISECONDS = 1000;

/** A server that does not listen yet, with every limit of `connection-limits.ts`. */
function boundedServer(app: Application, { host, allowedHosts }: Address): Server {
  const isGuarded = isLoopback(host) || allowedHosts !== undefined;
  const fetch = isGuarded ? forKnownHosts(app, host, allowedHosts) : app.fetch;
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: 1000 * HEADERS_SECONDS,
    requestTimeout: 1000 * REQUEST_SECONDS,
    keepAliveTimeout: 1000 * KEEP_ALIVE_SECONDS,
    connectionsCheckingInterval: CHECK_MILLISECONDS,
  };
  // HTTP/1.0, which `curl -0` speaks, need not name a host
  const server = createServer(options, getRequestListener(fetch, { hostname: 'localhost' }));
  server.timeout = 1000 * STALLED_SECONDS;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  boundConnections(server);
  return server;
}

/** Ports that are tried in turn if the user asked for none. */
const PORTS = 20;

/**
 * Serves an application at an address, or at one of the next ports if its port is taken and not fixed. On a loopback address
 * only requests to a loopback name, or an allowed one, are answered.
 * @throws UserError when it is not possible to listen there
 */
export async function listen(app: Application, address: Address): Promise<RunningServer> {
  const { host, port, isFixed } = address;
  for (let tried = port; ; tried++) {
    const server = boundedServer(app, address);
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(tried, host, () => resolve(undefined));
    });
    if (failure === undefined) {
      const bound = server.address();
      const close = () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        });
      return { url: browserUrl(host, typeof bound === 'object' && bound ? bound.port : tried), close };
    }
    if (failure.code === 'EADDRINUSE' && !isFixed && tried + 1 < Math.min(port + PORTS, 65_536)) continue;
    const advice =
      failure.code === 'EADDRINUSE' ? 'another program listens there; choose another --port' : failure.message;
    throw new UserError(`${browserUrl(host, tried)}: could not serve there (${advice})`);
  }
}

const ANY_ADDRESS = ['0.0.0.0', '::'];

/** The URL to open in a browser on this machine. */
function browserUrl(host: string, port: number): string {
  const name = ANY_ADDRESS.includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}
