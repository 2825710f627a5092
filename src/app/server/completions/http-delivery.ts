/** @file Sending an answer over HTTP to a client that may be slow to take it. */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { ClientGone, type Delivery } from './delivery.ts';
import { MAX_WAIT_SECONDS, PING_SECONDS } from './limits.ts';

/** Writes as fast as the client takes it, so that at most one piece of each text waits in memory. */
export class HttpDelivery implements Delivery {
  readonly #response: ServerResponse;
  #patience = 1000 * MAX_WAIT_SECONDS;
  #room: Promise<void> | undefined;

  constructor(response: ServerResponse, contentType: string) {
    this.#response = response;
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
  }

  /**
   * A stream of events, which begins at once. While there are none, comments tell the client, and proxies before it, that
   * the connection lives.
   */
  static events(response: ServerResponse, pingMilliseconds = 1000 * PING_SECONDS): HttpDelivery {
    const delivery = new HttpDelivery(response, 'text/event-stream');
    response.flushHeaders();
    const ping = setInterval(() => {
      if (!response.writableNeedDrain && !response.writableEnded) response.write(': ping\n\n');
    }, pingMilliseconds);
    response.once('close', () => clearInterval(ping));
    return delivery;
  }

  /**
   * Sends a piece; the promise resolves once there is room for another.
   * @throws ClientGone when the client has left, or kept the server waiting too long in total
   */
  async write(piece: string): Promise<void> {
    if (this.#response.destroyed) throw new ClientGone();
    if (!this.#response.write(piece)) this.#room ??= this.#wait('drain');
    await this.#room;
  }

  /** Ends the answer; the promise resolves once the operating system has all of it. */
  async end(): Promise<void> {
    this.#response.end();
    if (!this.#response.writableFinished) await this.#wait('finish');
  }

  async #wait(event: 'drain' | 'finish'): Promise<void> {
    const start = performance.now();
    const settled = new AbortController();
    const timer = setTimeout(() => this.#response.destroy(), this.#patience);
    const happens = (name: string): Promise<unknown> => once(this.#response, name, settled);
    try {
      await Promise.race([happens(event), happens('close')]);
    } finally {
      clearTimeout(timer);
      settled.abort();
      this.#patience -= performance.now() - start;
      this.#room = undefined;
    }
    if (this.#response.destroyed && !this.#response.writableFinished) throw new ClientGone();
  }
}
