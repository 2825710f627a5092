/** @file The connections of a server, kept within `connection-limits.ts`. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_CONNECTIONS } from './connection-limits.ts';

/**
 * Bounds the number of a server's connections, and closes those that are idle, or take nothing of their answers, for longer
 * than the server's timeouts allow. One that waits for its answer is left alone, however long that takes. When a connection
 * closes, every answer that it waits for is told so.
 */
export function boundConnections(server: Server, maxConnections = MAX_CONNECTIONS): void {
  /** The unanswered request of each connection; the connection that has been idle longest comes first. */
  const requests = new Map<Socket, IncomingMessage | undefined>();
  /** The answers that a connection waits for: clients may send requests without waiting for earlier answers. */
  const unsent = new WeakMap<Socket, Set<ServerResponse>>();
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
    const responses = new Set<ServerResponse>();
    unsent.set(socket, responses);
    socket.once('close', () => {
      requests.delete(socket);
      for (const response of responses) closeWaiting(response);
    });
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    requests.set(socket, request);
    unsent.get(socket)?.add(response);
    response.once('close', () => {
      unsent.get(socket)?.delete(response);
      if (requests.get(socket) !== request) return;
      requests.delete(socket);
      if (!socket.destroyed) requests.set(socket, undefined);
    });
  });
  server.on('timeout', (socket: Socket) => {
    if (isIdle(socket) || socket.writableLength > 0) socket.destroy();
  });
}

/** Node tells of a closed connection only the answer that is being sent over it, not those that wait behind that one. */
function closeWaiting(response: ServerResponse): void {
  if (response.socket !== null) return;
  response.destroy();
  response.emit('close');
}
