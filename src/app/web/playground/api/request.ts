/** @file Requests to what answers this page, with the reader's API key if a server wants one. */

import { authorization } from '../../shared/api-key.ts';
import * as host from './host.ts';
import { asProblem, problemOf } from './problem.ts';

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
  const response = await host.send(path, init).catch((cause: unknown) => {
    init.signal?.throwIfAborted();
    throw asProblem(cause);
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}
