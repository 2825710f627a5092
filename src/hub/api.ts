/** @file The `fetch` that @huggingface/hub asks the hub's API with: token, retries, errors in our words. */

import type { Hub } from './hub.ts';
import { type Subject, statusError, TransientError } from './hub-errors.ts';
import { request } from './request.ts';
import { retrying } from './retry.ts';

/** An API call is given up sooner than a download: somebody may be waiting for it. */
const TRIES = 5;

/** What every call of @huggingface/hub takes: where to, and how. */
export interface ApiOptions {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/** Answers of the API come whole and are JSON; any other answer is an error about `subject`. */
export function apiOptions(hub: Hub, subject: Subject, signal: AbortSignal): ApiOptions {
  const tries = Math.min(TRIES, hub.patience.tries);
  const ask = (url: string): Promise<Response> =>
    retrying(hub, { signal, what: subject.what, tries }, () =>
      request(hub, url, { signal, headers: { accept: 'application/json' } }, async ({ response, body }) => {
        if (!response.ok) throw statusError(response, hub, subject);
        const pieces: Uint8Array[] = [];
        for await (const piece of body) pieces.push(piece);
        const text = Buffer.concat(pieces).toString();
        try {
          JSON.parse(text);
        } catch {
          throw new TransientError(`expected JSON from ${url}, found ${JSON.stringify(text.slice(0, 40))}`);
        }
        const link = response.headers.get('link');
        return new Response(text, { headers: link === null ? {} : { link } });
      }),
    );
  return { hubUrl: hub.url, fetch: (input) => ask(input instanceof Request ? input.url : String(input)) };
}
