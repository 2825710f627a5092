/**
 * @file One request to the hub. Redirects are followed by hand, so that the token goes to the hub's own host and to no
 * other.
 */

import { UserError } from '../support/errors.ts';
import type { Hub } from './hub.ts';
import { unlessSilent } from './silence.ts';

const MAX_REDIRECTS = 10;

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response of any status, its body not yet read. */
export interface Answer {
  readonly response: Response;
  /** The pieces of the body. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Sends a GET request, gives the answer to `use`, and then ends the connection.
 * @throws TransientError when the connection breaks or falls silent; the signal's reason when it is aborted.
 */
export async function request<Result>(
  hub: Hub,
  url: string,
  { signal, headers = {} }: RequestOptions,
  use: (answer: Answer) => Promise<Result>,
): Promise<Result> {
  return unlessSilent(hub, signal, async (connection, moved) => {
    const response = await follow(hub, url, { signal: connection, headers });
    moved();
    const body = (async function* () {
      for await (const piece of response.body ?? []) {
        moved();
        yield piece;
        moved(); // the reader's own time is no silence
      }
    })();
    return use({ response, body });
  });
}

/** The first answer that is no redirect. */
async function follow(hub: Hub, url: string, { signal, headers }: RequestOptions): Promise<Response> {
  const own = new URL(hub.url).origin;
  let target = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const credentials =
      hub.token !== undefined && target.origin === own ? { authorization: `Bearer ${hub.token}` } : {};
    const response = await fetch(target, {
      redirect: 'manual',
      // a range counts bytes of the file, not of its compressed form
      headers: { 'user-agent': 'minillm', 'accept-encoding': 'identity', ...headers, ...credentials },
      signal,
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    target = new URL(location, target);
    if (!/^https?:$/.test(target.protocol))
      throw new UserError(`${url}: expected a redirect to http or https, found ${location}`);
  }
  throw new UserError(`${url}: expected a file, found more than ${MAX_REDIRECTS} redirects`);
}
