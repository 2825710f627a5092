/** @file A tab as the place where the completions API runs: one reader, no network between. */

import { messageOf } from '../../support/errors.ts';
import type { CompletionsHost } from '../server/completions/completions-host.ts';
import { asProblem, isDefect, RequestProblem } from '../server/completions/problem.ts';
import { DELIVERED, type TabBindings } from './answer-messages.ts';

export const tabHost: CompletionsHost<TabBindings> = {
  guard: (_, next) => next(),
  readBytes: async ({ env }) => env.bytes,
  deliver: ({ env }, contentType) => env.begin(contentType),
  deliverEvents: ({ env }) => env.begin('text/event-stream'),
  delivered: DELIVERED,
  follow: () => ({ token: () => {}, read: () => {}, end: () => {} }),
  explain,
  // the reader waits for nothing but the next try
  explainUnopened: (_, { message }) => new RequestProblem(message, { status: 503 }),
};

/** What is told of a failure; there is no log that the reader could be sent to. */
export function explain(cause: unknown): RequestProblem {
  if (!isDefect(cause)) return asProblem(cause);
  console.error(cause);
  const message =
    cause instanceof RangeError
      ? `this tab has too little memory (${cause.message}); close others, or use a browser with more`
      : `the model failed in this tab: ${messageOf(cause)}; load the page again`;
  return new RequestProblem(message, { status: 500 });
}
