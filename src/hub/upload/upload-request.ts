/**
 * @file One request that brings something to the hub or its storage. It is repeated when its connection breaks or falls silent;
 * a refusal is an error.
 */

import { ReadableStream } from 'node:stream/web';
import { UserError } from '../../support/errors.ts';
import type { Hub } from '../hub.ts';
import { type Subject, statusError, TransientError } from '../hub-errors.ts';
import { retrying } from '../retry.ts';
import { unlessSilent } from '../silence.ts';

/** Characters of the hub's own words in an error. */
const SHOWN_LENGTH = 300;

/** The token may not do it. */
export class NotPermittedError extends UserError {}

export interface UploadRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | UploadBody;
  /** Statuses that the caller knows what to do with. */
  readonly expected?: readonly number[];
}

/** Bytes that can be read again for another try. */
export interface UploadBody {
  readonly bytes: number;
  read(): AsyncIterable<Uint8Array>;
}

export interface UploadRequestOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of the body that this try has sent so far. */
  readonly onSent?: (bytes: number) => void;
}

/** An answer of success or of an expected status. */
export interface UploadAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @throws UserError when the request is refused, or fails again and again; the signal's reason. */
export function sendUpload(
  hub: Hub,
  subject: Subject,
  request: UploadRequest,
  options: UploadRequestOptions,
): Promise<UploadAnswer> {
  const kept = 'what has been uploaded';
  return retrying(hub, { signal: options.signal, what: subject.what, kept }, () =>
    sendOnce(hub, subject, request, options),
  );
}

async function sendOnce(
  hub: Hub,
  subject: Subject,
  { method, url, headers, body, expected = [] }: UploadRequest,
  { signal, onSent }: UploadRequestOptions,
): Promise<UploadAnswer> {
  // storage takes signed addresses and refuses any other credential
  const isHub = new URL(url).origin === new URL(hub.url).origin;
  const credentials: Record<string, string> = isHub ? { authorization: `Bearer ${hub.token}` } : {};
  return unlessSilent(hub, signal, async (connection, moved) => {
    const count = (bytes: number): void => {
      moved();
      onSent?.(bytes);
    };
    const response = await fetch(url, {
      method,
      signal: connection,
      headers: { 'user-agent': 'minillm', ...headers, ...credentials, ...lengthOf(body) },
      ...(typeof body === 'string' ? { body } : { body: counted(body, count), duplex: 'half' }),
    } as RequestInit);
    // every answer is short
    const answer = { status: response.status, headers: response.headers, text: await response.text() };
    if (response.ok || expected.includes(answer.status)) return answer;
    throw isHub ? refusal(response, answer.text, hub, subject) : storageError(response, subject);
  });
}

/** Signed addresses take no body of unknown length. */
function lengthOf(body: string | UploadBody): Record<string, string> {
  return typeof body === 'string' ? {} : { 'content-length': String(body.bytes) };
}

function counted(body: UploadBody, count: (bytes: number) => void): ReadableStream {
  return ReadableStream.from(
    (async function* () {
      let bytes = 0;
      for await (const piece of body.read()) {
        bytes += piece.length;
        yield piece;
        count(bytes);
      }
    })(),
  );
}

function refusal(response: Response, text: string, hub: Hub, subject: Subject): Error {
  const { status } = response;
  const { what } = subject;
  const tokens = `${hub.url}/settings/tokens`;
  if (status === 401)
    return new UserError(
      `${what}: the hub does not accept the token; make one with write access at ${tokens} and set HF_TOKEN to it`,
    );
  if (status === 403)
    return new NotPermittedError(
      `${what}: the token may not write there; check the owner's name, and let the token write to its repositories (${tokens})`,
    );
  const known = statusError(response, hub, subject);
  if (known instanceof TransientError || status === 404) return known;
  return new UserError(`${what}: the hub answers ${status}: ${explanation(text) || response.statusText}`);
}

/** Storage that refuses an address may be well again, or take the address of the next start. */
function storageError({ status, statusText }: Response, { what }: Subject): Error {
  return new TransientError(`the storage of the hub answers ${status} ${statusText} to ${what}`);
}

/** What the hub says in `error` of its JSON. */
function explanation(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error.slice(0, SHOWN_LENGTH) : '';
  } catch {
    return '';
  }
}
