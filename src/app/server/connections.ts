/** @file The connections of a server, kept within `connection-limits.ts`. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_CONNECTIONS } from './connection-limits.ts';

/**
 * Bounds the number of a server's connections, and closes those that are idle, or take nothing of their answers, for longer
 * than the server's timeouts allow. One that waits for its answer is left alone, however long that takes.
 */
export function boundConnections(server: Server, maxConnections = MAX_CONNECTIONS): void {
  /** The unanswered request of each connection; the connection that has been idle longest comes first. */
  const requests = new Map<Socket, IncomingMessage | undefined>();
  // half a request counts as none
  const isIdle = (socket: Socket): boolean => requests.get(socket)?.complete !== true;

  const longestIdle = (): Socket | undefined => {
    for (const socket of requests.keys()) if (isIdle(socket)) return socket;
    return undefined;
  };
  server.on('connection', (socket: Socket) => {
    if (requests.size >= maxConnections) {
      const idle = longestIdle();
      (idle ?? socket).destroy();
      if (!idle) return;
      requests.delete(idle);
    }
    requests.set(socket, undefined);
    socket.once('close', () => requests.delete(socket));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    requests.set(socket, request);
    response.once('close', () => {
      if (requests.get(socket) !== request) return;
      requests.delete(socket);
      if (!socket.destroyed) requests.set(socket, undefined);
    });
  });
  server.on('timeout', (socket: Socket) => {
    if (isIdle(socket) || socket.writableLength > 0) socket.destroy();
  });
}
