/** @file What a page without a server and its engine worker say to each other. */

/** From the page. */
export type PageMessage =
  | {
      readonly kind: 'request';
      readonly id: number;
      /** Relative to the page, as of a server's: `v1/completions`. */
      readonly path: string;
      readonly method: string;
      readonly body: string;
    }
  | { readonly kind: 'abort'; readonly id: number };

/** From the worker: of each request the head, pieces, and the end or a failure in the middle. */
export type EngineMessage =
  | { readonly kind: 'head'; readonly id: number; readonly status: number; readonly headers: [string, string][] }
  | { readonly kind: 'piece'; readonly id: number; readonly text: string }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'cut'; readonly id: number; readonly message: string }
  /** What it does besides, for a person; empty for nothing. */
  | { readonly kind: 'doing'; readonly message: string };

/** One end of what carries messages: a worker or a port. */
export interface Channel<Sent, Received> {
  post(message: Sent): void;
  /** Calls the one receiver with each message, also with those that came before. */
  receive(receiver: (message: Received) => void): void;
}
