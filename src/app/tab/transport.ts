/** @file A page's requests as messages to its engine worker, in the shape of `fetch`. */

import type { Channel, EngineMessage, PageMessage } from './messages.ts';

/** The page's end of a worker. */
export interface EngineChannel extends Channel<PageMessage, EngineMessage> {
  /** Calls back when the worker fails as a whole; nothing comes from it after that. */
  onFailure(failed: (message: string) => void): void;
}

export interface TransportOptions {
  /** Starts a worker: at the first request, and at the first after one has failed. */
  readonly start: () => EngineChannel;
  /** The error of a request that gets no answer, or only a part of one. */
  readonly failure: (message: string) => Error;
  /** Is told what the worker does besides answering, empty for nothing. */
  readonly onDoing: (message: string) => void;
}

interface Asked {
  answer(head: Extract<EngineMessage, { kind: 'head' }>): void;
  piece(text: string): void;
  end(): void;
  fail(cause: unknown): void;
}

/** A function with the shape of `fetch`, for the relative paths of a server. */
export function openTransport(options: TransportOptions): (path: string, init: RequestInit) => Promise<Response> {
  const { start, failure, onDoing } = options;
  const asked = new Map<number, Asked>();
  let channel: EngineChannel | undefined;
  let lastId = 0;

  const receive = (message: EngineMessage): void => {
    if (message.kind === 'doing') {
      onDoing(message.message);
      return;
    }
    const request = asked.get(message.id);
    if (message.kind === 'head') request?.answer(message);
    else if (message.kind === 'piece') request?.piece(message.text);
    else {
      asked.delete(message.id);
      if (message.kind === 'end') request?.end();
      else request?.fail(failure(message.message));
    }
  };
  const started = (): EngineChannel => {
    const opened = start();
    opened.receive(receive);
    opened.onFailure((message) => {
      channel = undefined;
      onDoing('');
      const lost = [...asked.values()];
      asked.clear();
      for (const request of lost) request.fail(failure(message));
    });
    return opened;
  };

  return (path, { method = 'GET', body, signal }) => {
    signal?.throwIfAborted();
    channel ??= started();
    const to = channel;
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        to.post({ kind: 'abort', id });
        asked.get(id)?.fail(signal?.reason);
        asked.delete(id);
      };
      const request = answering(resolve, reject, abort, () => signal?.removeEventListener('abort', abort));
      asked.set(id, request);
      signal?.addEventListener('abort', abort);
      to.post({ kind: 'request', id, path, method, body: typeof body === 'string' ? body : '' });
    });
  };
}

/** A request whose answer is made of messages. @param abort is called when its reader leaves @param settled when it is over */
function answering(
  resolve: (response: Response) => void,
  reject: (cause: unknown) => void,
  abort: () => void,
  settled: () => void,
): Asked {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  return {
    answer({ status, headers }) {
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (opened) => {
          controller = opened;
        },
        cancel: () => {
          controller = undefined;
          abort();
        },
      });
      resolve(new Response(body, { status, headers }));
    },
    piece: (text) => controller?.enqueue(encoder.encode(text)),
    end() {
      settled();
      controller?.close();
    },
    fail(cause) {
      settled();
      controller?.error(cause);
      reject(cause);
    },
  };
}
