/** @file What can go wrong with a request: something temporary, or a refusal that a person has to resolve. */

import { UserError } from '../support/errors.ts';
import type { Hub } from './hub.ts';

/** A failure that may be gone the next time: a broken connection, a busy server. */
export class TransientError extends Error {
  /** The shortest wait that the server asked for. */
  readonly waitMilliseconds: number;

  constructor(reason: string, waitMilliseconds = 0) {
    super(reason);
    this.waitMilliseconds = waitMilliseconds;
  }
}

/** There is no repository, revision or file of that name, or none that this token may see. */
export class NotThereError extends UserError {}

/** The longest Retry-After that is believed. */
const MAX_WAIT_MILLISECONDS = 3_600_000;

/** A failure of the connection itself as a TransientError; anything else unchanged. */
export function connectionError(cause: unknown): unknown {
  // fetch and the reading of a body say "fetch failed" and "terminated", and why in `cause`
  if (!(cause instanceof TypeError) || !(cause.cause instanceof Error)) return cause;
  const { message, code } = cause.cause as NodeJS.ErrnoException;
  return new TransientError(message || code || cause.message);
}

/** What a status other than success means for whoever asked for `what` in a repository. */
export function statusError(response: Response, hub: Hub, { page, what }: Subject): Error {
  const { status } = response;
  if (status === 408 || status === 429 || status >= 500)
    return new TransientError(`the hub answers ${status} ${response.statusText}`, retryAfter(response));
  const code = response.headers.get('x-error-code');
  const tokens = `${hub.url}/settings/tokens`;
  if (code === 'GatedRepo' || status === 403)
    return new UserError(
      hub.token === undefined
        ? `${what}: access is granted to those who accept its terms; accept them at ${hub.url}/${page}, make a token at ${tokens} and set HF_TOKEN`
        : `${what}: the hub refuses it to this token; accept the terms at ${hub.url}/${page} as the token's owner, and let the token read gated repositories (${tokens})`,
    );
  if (status === 401)
    return new NotThereError(
      hub.token === undefined
        ? `${what}: the hub knows no such name, or it is private; check the name, or set HF_TOKEN to a token of ${tokens}`
        : `${what}: the hub knows no such name, or does not accept the token in HF_TOKEN; check both (${tokens})`,
    );
  if (status === 404) return new NotThereError(`${what}: the hub has none (${code ?? 'not found'}); check the name`);
  return new UserError(`${what}: the hub answers ${status} ${response.statusText}`);
}

/** What a request is about, for errors. */
export interface Subject {
  /** The repository's page, relative to the hub: `datasets/OWNER/NAME`. */
  readonly page: string;
  /** As an error begins: `OWNER/NAME: train.parquet`. */
  readonly what: string;
}

/** Retry-After in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfter(response: Response): number {
  const text = response.headers.get('retry-after') ?? '';
  const wait = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? 0 : Math.min(Math.max(0, wait), MAX_WAIT_MILLISECONDS);
}
