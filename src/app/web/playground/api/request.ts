/** @file Requests to this page's server, with the reader's API key if the server wants one. */

import { asProblem, problemOf } from './problem.ts';

/** Forgotten when the tab closes. */
const KEY = 'minillm-api-key';

/** Tells of `change` when there is a new key. */
export const keyChanges = new EventTarget();

export function rememberKey(key: string): void {
  sessionStorage.setItem(KEY, key);
  keyChanges.dispatchEvent(new Event('change'));
}

function authorization(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/** Reads JSON. @throws ApiProblem */
export async function getJson<Data>(path: string, signal?: AbortSignal): Promise<Data> {
  return (await (await send(path, { headers: authorization(), signal: signal ?? null })).json()) as Data;
}

/** Sends JSON. @throws ApiProblem when the server refuses it or cannot be reached, unless the signal is aborted */
export function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = { ...authorization(), 'content-type': 'application/json' };
  return send(path, { method: 'POST', headers, body: JSON.stringify(body), signal: signal ?? null });
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    init.signal?.throwIfAborted();
    throw asProblem(cause);
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}
