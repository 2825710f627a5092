/** @file Requests that come as messages, answered by an application as those of HTTP are. */

import { messageOf } from '../../support/errors.ts';
import { ClientGone, type Delivery } from '../server/completions/delivery.ts';
import type { Channel, EngineMessage, PageMessage } from './messages.ts';

/** What comes with each request. */
export interface TabBindings {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Begins an answer that is sent in pieces, after which the application returns `DELIVERED`. */
  begin(contentType: string): Delivery;
}

export interface TabApplication {
  fetch(request: Request, bindings: TabBindings): Response | Promise<Response>;
}

/** Stands for an answer that was delivered. */
export const DELIVERED: Response = new Response(null);

/** Where the application believes to be. */
const ORIGIN = 'http://tab/';

/** Answers what comes through a channel. */
export function answerMessages(channel: Channel<EngineMessage, PageMessage>, app: TabApplication): void {
  const running = new Map<number, AbortController>();
  channel.receive((message) => {
    const { id } = message;
    if (message.kind === 'abort') {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    answer(channel, app, message, controller.signal)
      .catch((cause: unknown) => channel.post({ kind: 'cut', id, message: messageOf(cause) }))
      .finally(() => running.delete(id));
  });
}

async function answer(
  channel: Channel<EngineMessage, PageMessage>,
  app: TabApplication,
  { id, path, method, body }: Extract<PageMessage, { kind: 'request' }>,
  signal: AbortSignal,
): Promise<void> {
  const head = (status: number, headers: [string, string][]): void =>
    channel.post({ kind: 'head', id, status, headers });
  const begin = (contentType: string): Delivery => {
    head(200, [['content-type', contentType]]);
    return {
      async write(text) {
        if (signal.aborted) throw new ClientGone();
        channel.post({ kind: 'piece', id, text });
      },
      end: async () => channel.post({ kind: 'end', id }),
    };
  };
  const request = new Request(new URL(path, ORIGIN), { method, signal });
  const response = await app.fetch(request, { bytes: new TextEncoder().encode(body), begin });
  if (response === DELIVERED) return;
  head(response.status, [...response.headers]);
  channel.post({ kind: 'piece', id, text: await response.text() });
  channel.post({ kind: 'end', id });
}
